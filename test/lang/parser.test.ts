// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { parseCondition } from "../../daemon/lang/parser.ts";
import { printCondition } from "../../daemon/lang/print.ts";

t.test("trees, by their canonical print", (t) => {
  const rows: readonly (readonly [string, string, string])[] = [
    ["and binds tighter than or", "a or b and c", "(a or (b and c))"],
    ["not binds tightest", "not a and b", "(not a and b)"],
    ["groups that were written flat stay flat", "a and b and c", "(a and b and c)"],
    ["groups in parentheses stay apart", "a and (b and c)", "(a and (b and c))"],
    ["negations cancel out", "not not a", "a"],
    ["an odd number leaves one", "not not not(a)", "not a"],
    ["not( needs no blank", "not(a or b)", "not (a or b)"],
    ["and( needs no blank", "a and(b)or(c)", "((a and b) or c)"],
    ["connectives may be names", "or or or", "(or or or)"],
    ["not alone is a name", "not", "not"],
    ["and not before a name", "a and not", "(a and not)"],
    ["a name may begin with a connective", "a and android", "(a and android)"],
    ["blanks are space, tab, backspace and line ends", "\ta\b\r\nand\nb ", "(a and b)"],
    ["exists is a prefix match", "t.a existsand b", "(t.a exists and b)"],
    ["operators of signs need no blank", "t.a=b", "t.a = b"],
    ["= and == stay what they were", "t.a==b and t.a = b", "(t.a == b and t.a = b)"],
    ["a value may hold an operator", "t.a = <", "t.a = <"],
    ["evt.dir=< of 2018", "evt.type = execve and evt.dir=<", "(evt.type = execve and evt.dir = <)"],
    ["<= is read before <", "t.n <=5", "t.n <= 5"],
    [
      "numbers may be hex, fractions, powers",
      "t.n > 0x1f and t.n < 1.5e+3",
      "(t.n > 0x1f and t.n < 1.5e+3)",
    ],
    ["in takes a list", "t.a in (b, 'c d',e)", 't.a in (b, "c d", e)'],
    ["in takes one word", "t.a in b", "t.a in b"],
    ["a list may be empty", "t.a in ()", "t.a in ()"],
    ["intersects is tested before in", "t.a intersects (b)", "t.a intersects (b)"],
    ["list operators need no blank", "t.a in(b)", "t.a in (b)"],
    ["startswith takes a bare word", "t.a startswith /dev", "t.a startswith /dev"],
    ["bare words have no escapes", "t.a regex \\d+", 't.a regex "\\\\d+"'],
    ["quotes of one kind hold the other", `t.a = "it's"`, `t.a = "it's"`],
    ["escapes are decoded", String.raw`t.a = "a\tb\x41\/"`, String.raw`t.a = "a\tbA/"`],
    [
      "backslash blank is one backslash (quirk)",
      String.raw`t.a = "a\ b"`,
      String.raw`t.a = "a\\b"`,
    ],
    ["an empty value prints as nothing", `t.a = ""`, "t.a = "],
    ["a field with an argument", "t.a[b.c/d] = e", "t.a[b.c/d] = e"],
    ["a quoted argument", `t.a["b"] = e`, "t.a[b] = e"],
    ["a modifier needs a list", "t.a contains anyof (b, c)", "t.a contains anyof (b, c)"],
    ["a modifier takes one name", "t.a = oneof b", "t.a = oneof b"],
    ["before a connective it is a value", "t.a = anyof and b", "(t.a = anyof and b)"],
    ["without a blank it is a value", "t.a =anyof", "t.a = anyof"],
    ["transformers nest", "tolower(basename(t.a)) = b", "tolower(basename(t.a)) = b"],
    ["join takes a list", `join(",", (t.a, "b", 5)) = x`, "join(,,(t.a, b, 5)) = x"],
    ["getopt takes an index", `getopt(t.a, "ab:")[b] = x`, "getopt(t.a,ab:)[b] = x"],
    ["val() on the right", "t.a = val(t.b[c])", "t.a = val(t.b[c])"],
    ["a transformer on the right", "t.a = toupper( t.b )", "t.a = toupper(t.b)"],
    ["val is a word on the left", "val and b", "(val and b)"],
    ["a blank before ( makes it a word on the right", "t.a = tolower or b", "(t.a = tolower or b)"],
    ["UTF-8 goes through", "t.a = grün", "t.a = grün"],
  ];
  for (const [name, text, tree] of rows) {
    const result = parseCondition(text);
    t.equal(result.ok ? printCondition(result.expr) : result.fault.message, tree, name);
  }
  t.end();
});

t.test("faults and where reading stopped", (t) => {
  const rows: readonly (readonly [string, string, number, string])[] = [
    ["empty", "", 0, "empty"],
    ["blank", " \t\n", 3, "empty"],
    ["a word after a check", "a b", 2, "and"],
    ["a connective without a blank", "a android", 5, "blank"],
    ["nothing after and", "a and ", 6, "check"],
    ["an open parenthesis", "(a or b", 0, ")"],
    ["a parenthesis too many", "a)", 1, "and"],
    ["no operator", "t.a b", 4, "operator"],
    ["an operator that needs a blank", "t.a startswith(b)", 14, "blank"],
    ["a number is needed", "t.a < x", 6, "number"],
    ["a quoted number is none", "t.a < '5'", 6, "number"],
    ["a quoted string after in", "t.a in 'b'", 7, "parentheses"],
    ["a number after in", "t.a in 5", 7, "value"],
    ["a comma at the end of a list", "t.a in (a,)", 10, "item"],
    ["two commas", "t.a in (a,,b)", 10, "item"],
    ["an open list", "t.a in (a", 9, ")"],
    ["an open quote", "t.a = 'b", 6, "quoted"],
    ["an escaped backslash before the quote never closes (quirk)", 't.a = "b\\\\"', 6, "quoted"],
    ["an unknown escape", 't.a = "a\\d"', 8, "escape"],
    ["the other quote escaped", `t.a = "a\\'"`, 8, "escape"],
    ["a form feed is no blank", "a\fand b", 1, "and"],
    ["a transformer with a blank", "toupper (t.a) = b", 8, "and"],
    ["an open argument", "t.a[b = c", 5, "]"],
    ["an empty argument", "t.a[] = c", 4, "argument"],
    ["val of no field", "t.a = val(b)", 10, "field"],
    ["a transformer left open", "tolower(t.a = b", 12, ")"],
  ];
  for (const [name, text, offset, word] of rows) {
    const result = parseCondition(text);
    t.equal(result.ok, false, name);
    if (result.ok) continue;
    t.equal(result.fault.range.start, offset, `${name}: offset`);
    t.match(result.fault.message, word, `${name}: ${result.fault.message}`);
    t.match(result.fault.message, /^cannot /, name);
  }
  t.end();
});

t.test("nesting has a limit, and deep text is refused quickly", (t) => {
  const nested = (depth: number): string => `${"(".repeat(depth)}a${")".repeat(depth)}`;
  t.equal(parseCondition(nested(190)).ok, true);
  const deep = parseCondition(nested(100_000));
  t.equal(deep.ok, false);
  if (!deep.ok) t.equal(deep.fault.code, "too-deep");
  t.equal(parseCondition("not ".repeat(100_000) + "a").ok, true, "negations do not nest");
  t.equal(parseCondition("a and ".repeat(100_000) + "a").ok, true, "a long chain is flat");
  t.end();
});
