// SPDX-License-Identifier: Apache-2.0
import { PassThrough, Writable } from "node:stream";
import t from "tap";
import { createLog, type LogLevel } from "../../daemon/host/log.ts";

type Fields = Readonly<Record<string, unknown>>;

function written(format: "text" | "json", message: string, fields?: Fields): string {
  const stream = new PassThrough();
  createLog({ level: "info", format, stream }).info(message, fields);
  return String(stream.read() ?? "");
}

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;

const rows: { name: string; message?: string; fields: Fields; line: string }[] = [
  {
    name: "words and numbers stand as they are",
    fields: { id: "a/b-1", n: 12 },
    line: "m id=a/b-1 n=12",
  },
  { name: "other texts are quoted", fields: { why: 'a "b" \\' }, line: 'm why="a \\"b\\" \\\\"' },
  { name: "an empty text is seen", fields: { why: "" }, line: 'm why=""' },
  {
    name: "bigint keeps its digits",
    fields: { n: 18446744073709551615n },
    line: "m n=18446744073709551615",
  },
  { name: "lists and objects are JSON", fields: { a: [1, "x"] }, line: 'm a=[1,"x"]' },
  { name: "what is undefined is left out", fields: { a: undefined, b: true }, line: "m b=true" },
  {
    name: "an error tells its causes",
    fields: { error: new Error("a", { cause: new Error("b c") }) },
    line: 'm error="a: b c"',
  },
  {
    name: "a value cannot forge a line or act on the terminal",
    fields: { name: "x\n2026 forged\u001b[2J\u202e" },
    line: 'm name="x\\n2026 forged\\x1b[2J\\u{202e}"',
  },
  { name: "nor can a message", message: "a\nb", fields: {}, line: "a\\nb" },
  {
    name: "a field named as winston's own is only a field",
    fields: { level: "x", message: "y" },
    line: "m level=x message=y",
  },
];
for (const { name, message = "m", fields, line } of rows) {
  t.test(name, (t) => {
    const text = written("text", message, fields);
    t.match(text, time);
    t.equal(text.replace(time, ""), `info  ${line}\n`);
    t.end();
  });
}

t.test("JSON has one object a line, with the fields beside the message", (t) => {
  const text = written("json", "m", {
    n: 18446744073709551615n,
    why: "a\nb",
    error: new Error("e"),
  });
  t.match(
    text,
    /^\{"time":"[^"]+Z","level":"info","message":"m","n":18446744073709551615,"why":"a\\nb","error":"e"\}\n$/,
  );
  t.end();
});

const levels: { level: LogLevel; lines: number }[] = [
  { level: "debug", lines: 4 },
  { level: "info", lines: 3 },
  { level: "warn", lines: 2 },
  { level: "error", lines: 1 },
];
for (const { level, lines } of levels) {
  t.test(`at level ${level}, ${lines} of four are written`, (t) => {
    const stream = new PassThrough();
    const log = createLog({ level, format: "text", stream });
    log.debug("a");
    log.info("a");
    log.warn("a");
    log.error("a");
    t.equal(String(stream.read()).trimEnd().split("\n").length, lines);
    t.end();
  });
}

t.test("a reader that stops costs lines, which are counted, not memory", async (t) => {
  let release: () => void = () => undefined;
  let isStalled = true;
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, callback) {
      lines.push(String(chunk));
      if (isStalled) release = callback;
      else callback();
    },
  });
  const log = createLog({ level: "info", format: "text", stream });
  const text = "x".repeat(4000);
  for (let i = 0; i < 2000; i++) log.info(text);
  t.ok(stream.writableLength < 1.2 * 1024 * 1024, `${stream.writableLength}`);
  isStalled = false;
  release();
  await log.close(1000);
  log.info("after");
  await log.close(1000);
  t.match(lines.at(-2), /warn {2}log lines lost lines=1[67]\d\d\n/);
  t.match(lines.at(-1), "after");
});

t.test("a reader that went away does not end the daemon", async (t) => {
  const stream = new Writable({
    write(_chunk, _encoding, callback) {
      callback(new Error("EPIPE"));
    },
  });
  const log = createLog({ level: "info", format: "text", stream });
  log.info("a");
  await new Promise((resolve) => setImmediate(resolve));
  log.info("b");
  await log.close(100);
  t.pass("nothing was thrown");
});
