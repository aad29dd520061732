// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { compileGlob } from "../../daemon/lang/glob.ts";
import { compilePathPrefix } from "../../daemon/lang/path-prefix.ts";
import { compileRegex } from "../../daemon/lang/regex.ts";

type Row = readonly [name: string, pattern: string, text: string, expected: boolean];

/** Milliseconds of one call that this process had the processor: what else the machine does is not measured. */
function timed(run: () => unknown): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

t.test("globs, as fnmatch", (t) => {
  const rows: readonly Row[] = [
    ["a star crosses slashes and leading dots", "/a*z", "/a/.b/z", true],
    ["a star may be empty", "a*b", "ab", true],
    ["stars in a row", "a**b", "axxb", true],
    ["the whole text counts", "a*", "ba", false],
    ["a question mark is one byte", "a?c", "abc", true],
    ["a question mark is not nothing", "a?c", "ac", false],
    ["a set", "[ab]x", "bx", true],
    ["a range", "[a-c]", "b", true],
    ["a negated set", "[!a]", "a", false],
    ["a negated set, the other way to write it", "[^a]", "b", true],
    ["a bracket first in a set", "[]a]", "]", true],
    ["a dash last in a set", "[a-]", "-", true],
    ["a class", "[[:digit:]x]", "7", true],
    ["a class does not match others", "[[:alpha:]]", "7", false],
    ["an escaped star", "a\\*", "a*", true],
    ["an escaped star is no star", "a\\*", "ab", false],
    ["an escape in a set", "[\\]]", "]", true],
    ["a bracket that is never closed", "a[b", "a[b", true],
    ["a backslash at the end matches nothing", "a\\", "a\\", false],
    ["nothing matches nothing", "", "", true],
    ["nothing does not match something", "", "a", false],
    ["a star matches nothing", "*", "", true],
    ["two stars and a middle", "*b*", "abc", true],
    ["sets between stars", "*[0-9]*x", "ab3cx", true],
    ["bytes are not characters", "?", "\xc3\xbc", false],
    ["an equivalence class", "[[=a=]b]", "a", true],
    ["a collating symbol", "[[.-.]]", "-", true],
    ["a range of symbols", "[[.a.]-[.c.]]", "b", true],
    ["no symbol has a name", "[[.hyphen.]]", "-", false],
    ["a member before an unknown class", "[a[:foo:]]", "a", true],
    ["a member behind an unknown class", "[[:foo:]a]", "a", false],
    ["what looks like a class and is none", "[[:A:]", "A", true],
    ["a bracket twice that is never closed", "[[", "[[", false],
    ["a range in the wrong order", "[z-a]", "b", false],
    ["an escape in a range", "[a-\\c]", "b", true],
    ["no extended patterns", "+(a)", "a", false],
  ];
  for (const [name, pattern, text, expected] of rows) {
    t.equal(compileGlob(pattern)(text), expected, name);
  }
  const folded: readonly Row[] = [
    ["letters", "*CuRl", "/bin/cUrL", true],
    ["ranges", "[A-Z]", "q", true],
    ["the end of a range", "[a-Z]", "Z", true],
    ["classes are not folded", "[[:upper:]]", "a", false],
    ["only ASCII", "\xc4", "\xe4", false],
  ];
  for (const [name, pattern, text, expected] of folded) {
    t.equal(compileGlob(pattern, true)(text), expected, `case folded: ${name}`);
  }
  const slow = compileGlob("*a*a*a*a*a*a*a*a*a*a*[b]");
  t.ok(timed(() => slow("a".repeat(20_000))) < 500, "many stars do not blow up");
  t.end();
});

t.test("regular expressions, POSIX syntax of RE2", (t) => {
  const rows: readonly Row[] = [
    ["both ends are anchored", "a|ab", "ab", true],
    ["a part is not enough", "b", "abc", false],
    ["anchors do no harm", "^abc$", "abc", true],
    ["a dot is one code point", "a.c", "a\xc3\xbcc", true],
    ["a dot is no line end", "a.c", "a\nc", false],
    ["bytes that are no UTF-8", "a.c", "a\xffc", true],
    ["classes", "[[:alpha:]]+[0-9]{2}", "ab12", true],
    ["a class with brackets and escapes", "[]\\][:digit:]]+", "]\\1]", false],
    ["an escaped dot", "a\\.b", "a.b", true],
    ["a repeated repetition", "(ab)*{2}c", "ababc", true],
    ["a star of a plus", "a+*b", "b", true],
    ["a question mark is never lazy", "a*?b", "aab", true],
    ["a brace that is no count", "a{x", "a{x", true],
    ["an alternative of groups", "(curl|wget)(64)?", "wget64", true],
    ["a byte by its number", "\\x41\\x{42}\\103", "ABC", true],
    ["a repeated repetition of such a byte", "\\x41+*", "AA", true],
    ["a repeated repetition of one code point", "\xf0\x9f\x98\x80**", "", true],
    ["a dash first, last and between", "[-a][a-][+--]", "--,", true],
    ["a colon that begins no class", "[[:]+", "[:", true],
    ["a count with a zero before it is text", "a{01}", "a{01}", true],
    ["a count of ten digits is text", "a{1000000000}", "a{1000000000}", true],
    ["nothing", "", "", true],
    ["an empty alternative", "(a|)", "", true],
  ];
  for (const [name, pattern, text, expected] of rows) {
    const regex = compileRegex(pattern);
    t.equal(regex.ok ? regex.test(text) : regex.problem, expected, name);
  }
  const refused = [
    "\\d",
    "[\\w]",
    "\\bx",
    "(?:a)",
    "(?i)a",
    "a(",
    "[a",
    "*a",
    "a{2000}",
    "\\pL",
    "\\Qa",
    "a\\",
    "[a-z-A]",
    "[z-a]",
    "[[:foo:]]",
    "\\1",
    "\\x4",
    "\\xff".replace("\\x", "\xff"),
    "a{3,1}",
    "(a",
    "a)",
  ];
  for (const pattern of refused) t.equal(compileRegex(pattern).ok, false, `refused: ${pattern}`);
  t.end();
});

t.test("matching takes time in proportion to the text, whatever the pattern", (t) => {
  const patterns = [
    "(a*)*b",
    "(a|a)*b",
    "(a|aa)+b",
    ".*.*.*x",
    "(.*)(.*)(.*)(.*)y",
    "([a-z]+)*[0-9]",
  ];
  for (const pattern of patterns) {
    const regex = compileRegex(pattern);
    if (!regex.ok) throw new Error(regex.problem);
    regex.test("a".repeat(1000));
    const short = timed(() => regex.test("a".repeat(20_000)));
    const long = timed(() => regex.test("a".repeat(200_000)));
    t.ok(
      long < 100 * Math.max(short, 2),
      `${pattern}: ${short.toFixed(1)} and ${long.toFixed(1)} ms`,
    );
    t.ok(long < 2000, `${pattern} is done in time`);
  }
  t.end();
});

t.test("path prefixes", (t) => {
  const rows: readonly Row[] = [
    ["a prefix of parts", "/var/run", "/var/run/docker.sock", true],
    ["a prefix of letters is none", "/var/ru", "/var/run", false],
    ["empty parts do not count", "/var//run/", "/var/run", true],
    ["a relative path is the same", "var", "/var/run", true],
    ["the root is a prefix of all", "/", "x", true],
    ["longer than the value", "/a/b", "/a", false],
    ["a glob is for one part", "/a/*", "/a/b/c", true],
    ["a glob does not cross", "/a*c", "/a/c", false],
  ];
  for (const [name, pattern, text, expected] of rows) {
    t.equal(compilePathPrefix([pattern])(text), expected, name);
  }
  t.equal(compilePathPrefix([])("/a"), false, "no path at all");
  t.end();
});
