// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import t from "tap";
import { jsonText } from "../../daemon/util/json-text.ts";
import { printableHead, printableText } from "../../daemon/util/printable-text.ts";

t.test("what JSON can hold comes back as it was, on one line", (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
      const text = jsonText(value);
      t.strictSame(JSON.parse(text), JSON.parse(JSON.stringify(value)));
      return !text.includes("\n");
    }),
  );
  t.end();
});

const texts = [
  { name: "an integer beyond 2^53", value: 2n ** 64n, text: "18446744073709551616" },
  { name: "a number that JSON lacks", value: [NaN, Infinity], text: "[null,null]" },
  { name: "members that are undefined", value: { a: undefined, b: null }, text: '{"b":null}' },
  { name: "undefined in a list", value: [undefined], text: "[null]" },
  { name: "delete and 8-bit controls", value: "\x7f\x9b", text: '"\\u007f\\u009b"' },
  { name: "bidirectional overrides", value: "a\u202eb", text: '"a\\u202eb"' },
  { name: "tag characters, both halves", value: "\u{e0041}", text: '"\\udb40\\udc41"' },
  { name: "a pair that is no tag stays", value: "🙂é", text: '"🙂é"' },
  { name: "a lone surrogate", value: "\ud800", text: '"\\ud800"' },
];
for (const { name, value, text } of texts) {
  t.test(`JSON of ${name}`, (t) => {
    t.equal(jsonText(value), text);
    t.end();
  });
}

t.test("a function is no data", (t) => {
  t.throws(() => jsonText({ a: () => 1 }), /a function is no data/);
  t.end();
});

const heads = [
  { name: "short text is whole", text: "abc", max: 3, head: "abc" },
  { name: "long text says what is missing", text: "abcdef", max: 3, head: "abc… (+3 more)" },
  { name: "a pair is not cut in half", text: "ab🙂cd", max: 3, head: "ab… (+4 more)" },
  { name: "escapes come after cutting", text: "\n\n\n", max: 2, head: "\\n\\n… (+1 more)" },
];
for (const { name, text, max, head } of heads) {
  t.test(name, (t) => {
    t.equal(printableHead(text, max), head);
    t.end();
  });
}

t.test("printable text is a fixed point", (t) => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const shown = printableText(text);
      return printableText(shown) === shown && !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(shown);
    }),
  );
  t.end();
});
