// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { FrameReader, writeAnswer } from "../../plugin/frames.ts";

const textBytesMax = 40;

/** What is read of chunks: `kind "text"`, and `end` where nothing can be read any more. */
function readAll(...chunks: readonly Buffer[]): readonly string[] {
  const read: string[] = [];
  const reader = new FrameReader(textBytesMax, ({ kind, text }) => {
    read.push(`${kind} "${text.toString()}"`);
  });
  return chunks.every((chunk) => reader.take(chunk)) ? read : [...read, "end"];
}

function frame(kind: string, text: string, length = Buffer.byteLength(text)): Buffer {
  const head = Buffer.from([kind.charCodeAt(0), length & 0xff, length >> 8, 0, 0]);
  return Buffer.concat([head, Buffer.from(text)]);
}

t.test("frames are read however they are cut", (t) => {
  const bytes = Buffer.concat([frame("Q", "one"), frame("D", "zwei ä"), frame("Q", "")]);
  const read = ['question "one"', 'done "zwei ä"', 'question ""'];
  for (const size of [1, 2, 5, 7, bytes.length]) {
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
    t.strictSame(readAll(...chunks), read, `in pieces of ${size}`);
  }
  t.strictSame(readAll(bytes.subarray(0, -1)), read.slice(0, 2), "the last one has not ended");
  t.end();
});

t.test("a text of just the bound is read, a longer one ends the connection", (t) => {
  const longest = "x".repeat(textBytesMax);
  t.strictSame(readAll(frame("Q", longest)), [`question "${longest}"`]);
  t.strictSame(readAll(frame("Q", "ok"), frame("Q", "", textBytesMax + 1)), [
    ...['question "ok"', "end"],
  ]);
  t.strictSame(readAll(frame("Q", "", 0xffff)), ["end"]);
  t.strictSame(readAll(Buffer.from([0x51, 0xff, 0xff, 0xff, 0xff])), ["end"]);
  t.end();
});

t.test("what is no frame ends the connection", (t) => {
  for (const bytes of ["POST /AuthZPlugin.AuthZReq HTTP/1.1\r\n\r\n", "A\0\0\0\0", "\0\0\0\0\0"])
    t.strictSame(readAll(Buffer.from(bytes)), ["end"], JSON.stringify(bytes));
  t.end();
});

t.test("an answer", (t) => {
  t.strictSame(writeAnswer("ä!"), Buffer.from([0x41, 3, 0, 0, 0, 0xc3, 0xa4, 0x21]));
  t.equal(writeAnswer("x".repeat(0x10203)).readUInt32LE(1), 0x10203);
  t.end();
});
