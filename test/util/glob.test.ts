// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { compileGlob, isGlob } from "../../daemon/util/glob.ts";

const rows: readonly [name: string, pattern: string, text: string, isMatch: boolean][] = [
  ["without a star it is equality", "abc", "abc", true],
  ["the whole text must match at its end", "abc", "abcd", false],
  ["the whole text must match at its start", "abc", "xabc", false],
  ["a star is any run", "a*c", "abbbc", true],
  ["a star may be nothing", "a*c", "ac", true],
  ["a star at the end", "registry-*", "registry-1", true],
  ["a star at the end stops at a slash", "reg/*", "reg/a/b", false],
  ["a star in the middle stops at a slash", "reg/*/b", "reg/x/y/b", false],
  ["two stars cross slashes", "reg/**", "reg/a/b", true],
  ["two stars in the middle", "reg/**/z", "reg/a/b/z", true],
  ["two stars between slashes need both slashes", "reg/**/z", "reg/z", false],
  ["three stars are two", "reg/***", "reg/a/b", true],
  ["stars may have to give back", "*ab*ab", "ababab", true],
  ["stars may not have enough", "*ab*ab", "ab", false],
  ["one star and two stars side by side", "*/**", "a/b/c", true],
  ["only a star, nothing", "*", "", true],
  ["an empty pattern is only the empty text", "", "a", false],
  ["a dot is a dot", "a.c*", "abc", false],
  ["a question mark is itself", "a?*", "ab", false],
  ["brackets are themselves", "[ab]*", "a", false],
  ["a line feed is a character", "a*", "a\nb", true],
  ["a character of two units is one character", "*\u{1F600}", "x\u{1F600}", true],
];

for (const [name, pattern, text, isMatch] of rows) {
  t.test(name, (t) => {
    t.equal(compileGlob(pattern)(text), isMatch, `${pattern} on ${text}`);
    t.end();
  });
}

t.test("a glob is a text with a star", (t) => {
  t.equal(isGlob("a*"), true);
  t.equal(isGlob("a"), false);
  t.end();
});

t.test("many stars on a long text take no more steps than pattern times text", (t) => {
  const start = process.cpuUsage();
  t.equal(compileGlob("*a".repeat(50) + "b")("a".repeat(5000)), false);
  t.ok(process.cpuUsage(start).user < 2_000_000, "an exponential matcher would never come back");
  t.end();
});
