// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { fromByteString, toByteString } from "../../daemon/util/byte-string.ts";

const rows: readonly [name: string, text: string, bytes: string][] = [
  ["nothing", "", ""],
  ["ASCII, which is itself", "/bin/sh \0\n\x7f", "/bin/sh \0\n\x7f"],
  ["two bytes", "é", "\xc3\xa9"],
  ["three bytes", "€", "\xe2\x82\xac"],
  ["four bytes, a surrogate pair in JavaScript", "😀", "\xf0\x9f\x98\x80"],
  ["among ASCII", "/caf\u00e9/x", "/caf\xc3\xa9/x"],
  ["a byte order mark is text as any other", "\ufeffa", "\xef\xbb\xbfa"],
];

for (const [name, text, bytes] of rows) {
  t.test(`text becomes bytes and text again: ${name}`, (t) => {
    t.equal(toByteString(text), bytes);
    t.equal(fromByteString(bytes), text);
    t.end();
  });
}

const broken: readonly [name: string, bytes: string, text: string][] = [
  ["a byte that begins nothing", "a\xffb", "a\ufffdb"],
  ["a character that is cut off", "a\xe2\x82", "a\ufffd"],
  ["half a surrogate pair, encoded", "\xed\xa0\x80", "\ufffd\ufffd\ufffd"],
  ["an overlong form of a slash", "\xc0\xaf", "\ufffd\ufffd"],
];

for (const [name, bytes, text] of broken) {
  t.test(`bytes that are not UTF-8 are replaced: ${name}`, (t) => {
    t.equal(fromByteString(bytes), text);
    t.end();
  });
}

t.test("every byte has one unit", (t) => {
  t.equal(toByteString("€").length, Buffer.byteLength("€"));
  t.equal(toByteString("\ud800"), "\xef\xbf\xbd", "half a pair is no character");
  t.end();
});
