// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import t, { type Test } from "tap";
import { faultsOf, holds, type RecordSubject } from "./record-subject.ts";

type Row = readonly [name: string, condition: string, subject: RecordSubject, expected: boolean];

function check(t: Test, rows: readonly Row[]): void {
  for (const [name, condition, subject, expected] of rows) {
    t.equal(holds(condition, subject), expected, `${name}: ${condition}`);
  }
  t.end();
}

t.test("text", (t) => {
  const s = { "t.str": "/usr/bin/Curl", "t.other": "" };
  check(t, [
    ["equal", "t.str = /usr/bin/Curl", s, true],
    ["equal is exact", "t.str = /usr/bin/curl", s, false],
    ["== is =", "t.str == /usr/bin/Curl", s, true],
    ["not equal", "t.str != x", s, true],
    ["an empty text is a value", `t.other = ""`, s, true],
    ["an empty text exists", "t.other exists", s, true],
    ["order is that of bytes", "t.str < 5", s, true],
    ["order, the other way", "t.str > 5", s, false],
    ["contains", "t.str contains bin", s, true],
    ["contains nothing", `t.str contains ""`, s, true],
    ["icontains folds ASCII", "t.str icontains cURL", s, true],
    ["startswith", "t.str startswith /usr", s, true],
    ["endswith", "t.str endswith curl", s, false],
    ["glob crosses slashes", "t.str glob /*l", s, true],
    ["glob is whole", "t.str glob usr", s, false],
    ["iglob folds", "t.str iglob */CURL", s, true],
    ["regex is whole", "t.str regex [a-z/]+", s, false],
    ["regex", "t.str regex [A-Za-z/]+", s, true],
    ["pmatch", "t.str pmatch (/opt, /usr//bin/)", s, true],
    ["pmatch counts parts", "t.str pmatch (/us)", s, false],
    ["pmatch takes globs", "t.str pmatch (/u*/b?n)", s, true],
    ["pmatch of the root", "t.str pmatch (/)", s, true],
    ["pmatch of nothing", "t.str pmatch ()", s, false],
    ["in", "t.str in (a, /usr/bin/Curl)", s, true],
    ["in a word", "t.str in a", s, false],
    ["in nothing", "t.str in ()", s, false],
    ["intersects is in", "t.str intersects (a, /usr/bin/Curl)", s, true],
    ["literals are UTF-8", "t.str = grün", { "t.str": "gr\xc3\xbcn" }, true],
    ["escapes are bytes", String.raw`t.str = "\xff"`, { "t.str": "\xff" }, true],
    ["not in", "not t.str in (a)", s, true],
  ]);
});

t.test("numbers, truth, addresses, bytes", (t) => {
  check(t, [
    ["equal", "t.i32 = 5", { "t.i32": 5 }, true],
    ["a sign and blanks", `t.i32 = " +5"`, { "t.i32": 5 }, true],
    ["order", "t.i32 <= 5", { "t.i32": 6 }, false],
    ["unsigned wraps", "t.u32 = -1", { "t.u32": 4294967295 }, true],
    ["16 bits are cut off (quirk)", "t.i16 = 65537", { "t.i16": 1 }, true],
    ["a big value and a small literal", "t.u64 > 5", { "t.u64": 2n ** 63n }, true],
    ["a small bigint equals a literal", "t.u64 = 5", { "t.u64": 5n }, true],
    ["a bigint is found in a set", "t.u64 in (4, 5)", { "t.u64": 5n }, true],
    ["exact beyond 2^53", "t.u64 = 9007199254740993", { "t.u64": 9007199254740992n }, false],
    ["unsigned 64 bits wrap", "t.u64 = -1", { "t.u64": 2n ** 64n - 1n }, true],
    ["a fraction", "t.f64 > 1", { "t.f64": 1.5 }, true],
    ["a port", "t.port in (80, 443)", { "t.port": 443 }, true],
    ["an empty port is 0", `t.port = ""`, { "t.port": 0 }, true],
    ["true", "t.bool = true", { "t.bool": true }, true],
    ["false", "t.bool != true", { "t.bool": false }, true],
    ["IPv4", "t.ip = 10.0.0.1", { "t.ip": "\x0a\x00\x00\x01" }, true],
    [
      "IPv6 in full",
      "t.ip = 1:2:3:4:5:6:7:8",
      { "t.ip": "\0\x01\0\x02\0\x03\0\x04\0\x05\0\x06\0\x07\0\x08" },
      true,
    ],
    ["a whole network", "t.net = 0.0.0.0/0", { "t.net": "\x0a\x01\x02\x03" }, true],
    ["IPv6", "t.ip = ::1", { "t.ip": `${"\0".repeat(15)}\x01` }, true],
    ["the other family is not equal", "t.ip != ::1", { "t.ip": "\x0a\x00\x00\x01" }, true],
    ["in a network", "t.net = 10.0.0.0/8", { "t.net": "\x0a\x01\x02\x03" }, true],
    ["not in a network", "t.net != 10.0.0.0/9", { "t.net": "\x0a\x81\x02\x03" }, true],
    [
      "host bits are allowed",
      "t.net in (1.2.3.4/32, 10.9.9.9/12)",
      { "t.net": "\x0a\x01\0\0" },
      true,
    ],
    ["another family is in no network", "t.net = ::/1", { "t.net": "\x0a\x01\0\0" }, false],
    ["bytes", "t.bytes contains b", { "t.bytes": "abc" }, true],
    ["bytes in hex", "t.bytes bstartswith 6162", { "t.bytes": "abc" }, true],
    ["bytes in hex, anywhere", "t.bytes bcontains 6263", { "t.bytes": "abc" }, true],
  ]);
});

t.test("a missing value makes every check false", (t) => {
  const operators = [
    "= x",
    "!= x",
    "contains x",
    "glob x",
    "regex x",
    "in (x)",
    "in ()",
    "pmatch (x)",
  ];
  const more = ["exists", "!= allof (x, y)", "= oneof (x)", "= val(t.other)", "!= val(t.other)"];
  for (const operator of [...operators, ...more, "< 5"]) {
    t.equal(holds(`t.str ${operator}`, { "t.other": "" }), false, operator);
    t.equal(holds(`not t.str ${operator}`, { "t.other": "" }), true, `not ${operator}`);
    t.equal(holds(`t.empty ${operator}`, { "t.other": "" }), false, `never filled: ${operator}`);
  }
  t.equal(holds("t.other != val(t.str)", { "t.other": "" }), false, "missing on the right");
  t.equal(holds("tolower(t.str) != x", {}), false, "missing in a transformer");
  t.equal(
    holds("concat(t.other, t.empty) != x", { "t.other": "" }),
    false,
    "never filled inside one",
  );
  t.end();
});

t.test("lists, modifiers, several values", (t) => {
  const s = {
    "t.strs": ["a", "b"],
    "t.words": ["b", "a", "c"],
    "t.str": "abc",
    "t.any": ["a", "b"],
  };
  const ends = { "t.ends": ["\x0a\0\0\x01", "\x0a\0\0\x02"] };
  check(t, [
    ["in: all elements", "t.strs in (a, b, c)", s, true],
    ["in: one is missing", "t.strs in (a, c)", s, false],
    ["intersects: one is enough", "t.strs intersects (x, b)", s, true],
    ["intersects: none", "t.strs intersects (x, y)", s, false],
    ["lists of two fields", "t.strs in val(t.words)", s, true],
    ["lists of two fields, the other way", "t.words in val(t.strs)", s, false],
    ["lists of two fields meet", "t.words intersects val(t.strs)", s, true],
    ["anyof", "t.str contains anyof (x, b)", s, true],
    ["allof", "t.str contains allof (a, b)", s, true],
    ["allof fails", "t.str contains allof (a, x)", s, false],
    ["oneof", "t.str contains oneof (a, x)", s, true],
    ["oneof counts repeats", "t.str contains oneof (a, a)", s, false],
    ["a modifier of nothing", "t.str contains allof ()", s, false],
    ["!= allof", "t.str != allof (x, y)", s, true],
    ["any ancestor", "t.any = b", s, true],
    ["any ancestor differs", "t.any != a", s, true],
    ["no ancestor at all", "t.any != a", {}, false],
    ["either end", "t.ends = 10.0.0.2", ends, true],
    ["neither end", "t.ends != 10.0.0.2", ends, false],
    ["neither end, truly", "t.ends != 10.0.0.3", ends, true],
    ["no end at all", "t.ends != 10.0.0.3", {}, false],
  ]);
});

t.test("arguments and fields on the right", (t) => {
  const s = {
    "t.str": "a",
    "t.other": "a",
    "t.arg[x y]": "v",
    "t.dotted[b.c]": "w",
    "t.maybe": "m",
  };
  check(t, [
    ["an argument", `t.arg["x y"] = v`, s, true],
    ["a dotted argument", "t.dotted.b.c = w", s, true],
    ["an optional argument left out", "t.maybe = m", s, true],
    ["val", "t.str = val(t.other)", s, true],
    ["val, ordered", "t.i32 < val(t.i32)", { "t.i32": 1 }, false],
    ["a transformer on the right", "t.str = tolower(t.other)", s, true],
    ["in val of a text", "t.str in val(t.other)", s, true],
    ["in a transformer never matches (quirk)", "t.str in tolower(t.other)", s, false],
    [
      "a pattern from a field",
      "t.str glob val(t.other)",
      { "t.str": "abc", "t.other": "a*" },
      true,
    ],
  ]);
});

t.test("transformers", (t) => {
  const s = {
    "t.str": "/A/bC",
    "t.other": "aGk",
    "t.strs": ["-a", "-b", "x", "rest"],
    "t.bytes": "abc",
  };
  const options = (words: readonly string[]): RecordSubject => ({ "t.strs": words });
  check(t, [
    ["tolower", "tolower(t.str) = /a/bc", s, true],
    ["toupper", "toupper(t.str) = /A/BC", s, true],
    ["basename", "basename(t.str) = bC", s, true],
    ["basename of a directory", `basename(t.str) = ""`, { "t.str": "a/" }, true],
    ["they nest", "toupper(basename(t.str)) = BC", s, true],
    ["b64 without padding", "b64(t.other) = hi", s, true],
    ["b64 with padding", "b64(t.other) = hi", { "t.other": "aGk=" }, true],
    ["b64 of what is none", "b64(t.other) exists", { "t.other": "a" }, false],
    ["b64 of a bad digit", "b64(t.other) exists", { "t.other": "a!aa" }, false],
    ["len of text", "len(t.str) = 5", s, true],
    ["len of a list", "len(t.strs) = 4", s, true],
    ["len of bytes", "len(t.bytes) = 3", s, true],
    ["join of a list field", `join(",", t.strs) = "-a,-b,x,rest"`, s, true],
    ["join of a list", `join("-", (t.other, "b", 5)) = aGk-b-5`, s, true],
    ["concat", `concat(t.other, "!", 5) = aGk!5`, s, true],
    ["getopt lists letters and values", `getopt(t.strs, "ab:") in (a, b, x)`, s, true],
    ["getopt stops at the first word", `getopt(t.strs, "ab:") intersects (rest)`, s, false],
    ["getopt with a letter", `getopt(t.strs, "ab:")[b] = x`, s, true],
    ["getopt of a flag", `getopt(t.strs, "ab:")[a] = a`, s, true],
    ["getopt of what was not given", `getopt(t.strs, "ab:c")[c] exists`, s, false],
    ["getopt glued", `getopt(t.strs, "ab:")[b] = xy`, options(["-abxy"]), true],
    ["getopt, the last wins", `getopt(t.strs, "b:")[b] = 2`, options(["-b1", "-b", "2"]), true],
    ["getopt, value absent", `getopt(t.strs, "b:")[b] = ""`, options(["-b"]), true],
    ["getopt, unknown letter", `getopt(t.strs, "a") intersects ("?")`, options(["-z"]), true],
    ["getopt skips long words", `getopt(t.strs, "a")[a] exists`, options(["--long", "-a"]), true],
    ["getopt stops at --", `getopt(t.strs, "a")[a] exists`, options(["--", "-a"]), false],
  ]);
});

t.test("what is refused, and where", (t) => {
  const rows: readonly (readonly [string, string, readonly string[]])[] = [
    ["an unknown field", "t.st = a", ["unknown-field t.st"]],
    ["all faults at once", "t.x = a and t.i32 = b", ["unknown-field t.x", "bad-value b"]],
    ["an argument missing", "t.arg = a", ["field-argument t.arg"]],
    ["an argument too many", "t.str[0] = a", ["field-argument t.str[0]"]],
    ["order of truth", "t.bool < 1", ["operator-type <"]],
    ["text operators on numbers", "t.i32 contains 1", ["operator-type contains"]],
    ["= on a list", "t.strs = a", ["operator-type ="]],
    ["a modifier on a list", "t.strs = anyof (a)", ["operator-type ="]],
    ["hex for an integer", "t.i32 = 0x10", ["bad-value 0x10"]],
    ["a fraction for an integer", "t.i32 > 1.5", ["bad-value 1.5"]],
    ["too big: what is left is compared", "t.i32 = 4294967296", ["number-cut 4294967296"]],
    ["truth is true or false", "t.bool = yes", ["bad-value yes"]],
    ["an address", "t.ip = 10.0.0.256", ["bad-value 10.0.0.256"]],
    ["a network", "t.net = 10.0.0.0/33", ["bad-value 10.0.0.0/33"]],
    ["hex digits in pairs", "t.bytes bcontains abc", ["bad-value abc"]],
    ["a known value", "t.known = opn", ["unknown-value opn"]],
    ["a literal too long", `t.str = ${"x".repeat(256)}`, [`bad-value ${"x".repeat(256)}`]],
    ["no IPv6 address", "t.ip = 1::2::3", ["bad-value 1::2::3"]],
    ["too few groups", "t.ip = 1:2:3", ["bad-value 1:2:3"]],
    ["a group too long", "t.ip = 12345::", ["bad-value 12345::"]],
    ["three numbers", "t.ip = 1.2.3", ["bad-value 1.2.3"]],
    ["a network without a prefix", "t.net = 10.0.0.0", ["bad-value 10.0.0.0"]],
    ["a port by name", "t.port = nothing-known", ["bad-value nothing-known"]],
    ["getopt without letters", "getopt(t.strs) = a", ["transformer getopt(t.strs)"]],
    ["len of a number", "len(t.i32) = 1", ["transformer len(t.i32)"]],
    ["an unknown field in a transformer", "tolower(t.x) = a", ["unknown-field t.x"]],
    ["an unknown field in a list", `join(",", (t.x)) = a`, ["unknown-field t.x"]],
    ["a NUL byte", String.raw`t.str = "a\x00"`, [String.raw`bad-value "a\x00"`]],
    ["a bad pattern", "t.str regex [a", ["bad-regex [a"]],
    ["two types", "t.str = val(t.i32)", ["right-field val(t.i32)"]],
    ["a list and a text", "t.strs in val(t.str)", ["right-field val(t.str)"]],
    ["regex of a field", "t.str regex val(t.other)", ["right-field val(t.other)"]],
    ["a field that takes no field", "t.any = val(t.str)", ["right-field val(t.str)"]],
    ["a network and a field", "t.net = val(t.net)", ["right-field val(t.net)"]],
    ["a transformer of a number", "tolower(t.i32) = a", ["transformer tolower(t.i32)"]],
    ["a transformer of two", "tolower(t.str, t.str) = a", ["transformer tolower(t.str, t.str)"]],
    ["an index on another than getopt", "tolower(t.str)[a] = b", ["transformer tolower(t.str)[a]"]],
    ["join of a text", `join(",", t.str) = a`, [`transformer join(",", t.str)`]],
    ["concat of one", "concat(t.str) = a", ["transformer concat(t.str)"]],
    ["a field for outputs", "t.print = a", ["field-use t.print"]],
    ["a field that refuses transformers", "tolower(t.any) = a", ["field-use t.any"]],
    ["a field's name as text warns", "t.str = t.other", ["field-as-text t.other"]],
  ];
  for (const [name, text, faults] of rows) t.same(faultsOf(text), faults, name);
  t.end();
});

t.test("folding and reordering keep the meaning", (t) => {
  const leaf = fc.constantFrom(
    "t.str = a",
    "t.str != a",
    "t.other in (a, b)",
    "t.dear contains a",
    "t.empty = a",
    "t.empty exists",
  );
  interface Tree {
    readonly text: string;
    readonly isTrue: (subject: RecordSubject) => boolean;
  }
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      leaf.map((text): Tree => ({ text, isTrue: (subject) => holds(text, subject) })),
      tie("tree").map((inner): Tree => ({
        text: `not (${inner.text})`,
        isTrue: (subject) => !inner.isTrue(subject),
      })),
      fc.array(tie("tree"), { minLength: 2, maxLength: 4 }).map((parts): Tree => ({
        text: parts.map(({ text }) => `(${text})`).join(" and "),
        isTrue: (subject) => parts.every((part) => part.isTrue(subject)),
      })),
      fc.array(tie("tree"), { minLength: 2, maxLength: 4 }).map((parts): Tree => ({
        text: parts.map(({ text }) => `(${text})`).join(" or "),
        isTrue: (subject) => parts.some((part) => part.isTrue(subject)),
      })),
    ),
  }));
  const value = fc.option(fc.constantFrom("a", "b", ""), { nil: undefined });
  fc.assert(
    fc.property(tree, value, value, ({ text, isTrue }, first, second) => {
      const subject: RecordSubject = {
        ...(first === undefined ? {} : { "t.str": first, "t.dear": first }),
        ...(second === undefined ? {} : { "t.other": second }),
      };
      t.equal(holds(text, subject), isTrue(subject), text);
    }),
    { numRuns: 200 },
  );
  t.end();
});
