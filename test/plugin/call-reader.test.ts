// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { CallReader } from "../../plugin/call-reader.ts";

const bounds = { headBytesMax: 256, bodyBytesMax: 32 };

/** What is read of chunks: `path body`, and `end` where the connection is of no use any more. */
function readAll(...chunks: readonly string[]): readonly string[] {
  const read: string[] = [];
  const reader = new CallReader(bounds, ({ path, body }) => {
    read.push(`${path} ${body === undefined ? "too large" : `"${body.toString()}"`}`);
  });
  for (const chunk of chunks)
    if (!reader.take(Buffer.from(chunk))) {
      read.push("end");
      break;
    }
  return read;
}

const call = (body: string, path = "/a"): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

t.test("calls are read however they are cut", (t) => {
  const bytes = [call("one"), call("zwei ä", "/b"), call("")].join("");
  const read = ['/a "one"', '/b "zwei ä"', '/a ""'];
  t.strictSame(readAll(bytes), read, "in one piece");
  const raw = Buffer.from(bytes).toString("latin1");
  for (const size of [1, 2, 7, 60]) {
    const got: string[] = [];
    const reader = new CallReader(bounds, ({ path, body }) => {
      got.push(`${path} "${body?.toString() ?? ""}"`);
    });
    for (let at = 0; at < raw.length; at += size)
      t.ok(reader.take(Buffer.from(raw.slice(at, at + size), "latin1")));
    t.strictSame(got, read, `in pieces of ${size}`);
  }
  t.end();
});

t.test("what an engine and the forwarding process send", (t) => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ["POST /Plugin.Activate HTTP/1.1\r\nHost: x\r\n\r\n", ['/Plugin.Activate ""']],
    ["POST /a HTTP/1.1\r\ncontent-length:2\r\n\r\nhi", ['/a "hi"']],
    ["POST /a HTTP/1.1\r\nX: 1\r\nCONTENT-LENGTH: \t2 \r\n\r\nhi", ['/a "hi"']],
  ];
  for (const [bytes, read] of rows) t.strictSame(readAll(bytes), read, bytes);
  t.end();
});

t.test("a body that is too large is left out, and the next call read", (t) => {
  const large = "x".repeat(33);
  t.strictSame(readAll(call(large) + call("next")), ["/a too large", '/a "next"']);
  t.strictSame(readAll(call(large).slice(0, -5), `xxxxx${call("next")}`), [
    "/a too large",
    '/a "next"',
  ]);
  t.end();
});

t.test("everything else ends the connection", (t) => {
  const rows = [
    "GET /a HTTP/1.1\r\n\r\n",
    "POST /a\r\n\r\n",
    "POST /a HTTP/2.0\r\n\r\n",
    `POST /${"a".repeat(300)} HTTP/1.1\r\n\r\n`,
    "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi",
    "POST /a HTTP/1.1\r\nContent-Length: 1x\r\n\r\nhi",
    "POST /a HTTP/1.1\r\nContent-Length: -1\r\n\r\nhi",
    `POST /a HTTP/1.1\r\nX: ${"x".repeat(300)}`,
  ];
  for (const bytes of rows) t.strictSame(readAll(bytes), ["end"], bytes.slice(0, 60));
  t.end();
});
