// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import t from "tap";
import { parseCondition } from "../../daemon/lang/parser.ts";
import { addressBytes, naively } from "./naive.ts";
import { holds, type RecordSubject } from "./record-subject.ts";

const texts = ["", "a", "A", "ab", "/a/b", "/a", "b", "YWI=", "5"] as const;
const text = fc.constantFrom(...texts);
const quote = (value: string): string => JSON.stringify(value);
const quoted = text.map(quote);

/** Words joined by blanks. */
function words(...parts: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> {
  const arbitraries = parts.map((part) => (typeof part === "string" ? fc.constant(part) : part));
  return fc.tuple(...arbitraries).map((all) => all.join(" "));
}

function oneOf(...values: readonly string[]): fc.Arbitrary<string> {
  return fc.constantFrom(...values);
}

function listOf(item: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.array(item, { maxLength: 3 }).map((items) => `(${items.join(", ")})`);
}

const equality = oneOf("=", "==", "!=");
const order = oneOf("<", "<=", ">", ">=");
const modifier = oneOf("oneof", "anyof", "allof");
const membership = oneOf("in", "intersects");

const plain = oneOf(
  ...["t.str", "t.other", "t.maybe", "t.maybe[x]", "t.empty", "t.dear", "t.arg[x]", "t.dotted.x"],
);
const { transformed } = fc.letrec<{ transformed: string; operand: string }>((tie) => ({
  operand: fc.oneof({ depthSize: "small" }, plain, quoted, tie("transformed")),
  transformed: fc.oneof(
    { depthSize: "small" },
    fc
      .tuple(oneOf("tolower", "toupper", "basename", "b64"), tie("operand"))
      .map(([name, arg]) => `${name}(${arg})`),
    fc
      .array(fc.oneof(tie("operand"), fc.constant("5")), { minLength: 2, maxLength: 3 })
      .map((args) => `concat(${args.join(", ")})`),
    fc
      .tuple(tie("operand"), fc.oneof(fc.constant("t.strs"), listOf(tie("operand"))))
      .map(([separator, items]) => `join(${separator}, ${items})`),
    oneOf("a", "b", "c", "z").map((letter) => `getopt(t.strs, "ab:c")[${letter}]`),
    fc.constant("getopt(t.strs, t.letters)[b]"),
  ),
}));
const single = fc.oneof(plain, transformed);
const left = fc.oneof(fc.constant("t.any"), single);

const onText = oneOf("=", "==", "!=", "contains", "icontains", "startswith", "endswith");
const pattern = oneOf("*", "a*", "?", "*b", "/*/b", "a").map(quote);
const regex = oneOf("a+", "[a-z]*", ".", "(a|b)?").map(quote);
const onPattern = fc.oneof(
  words(oneOf("glob", "iglob"), pattern),
  words(oneOf("glob", "iglob"), modifier, listOf(pattern)),
  words("regex", regex),
  words("regex", modifier, listOf(regex)),
);

const integer = oneOf("0", "1", "2", "7", "-1", "+2", "007");
const aNumber = oneOf(
  ...["t.i16", "t.i32", "t.i64", "t.u32", "t.u64", "t.f64", "len(t.str)", "len(t.strs)"],
  ...['len(getopt(t.words, "ab:"))', "len((t.str, t.other))", "len(t.bytes)", 'len("ab")'],
);
const address = oneOf("1.2.3.4", "10.0.0.1", "::1", "2001:db8::5");
const network = oneOf("10.0.0.0/8", "1.2.3.4/32", "0.0.0.0/0", "2001:db8::/32", "::1/128");

/** Whatever compares a value with literals: equality, membership, modifiers. */
function comparisons(
  field: fc.Arbitrary<string>,
  literal: fc.Arbitrary<string>,
): fc.Arbitrary<string> {
  return fc.oneof(
    words(field, equality, literal),
    words(field, equality, modifier, listOf(literal)),
    words(field, membership, listOf(literal)),
  );
}

const check = fc.oneof(
  words(left, onText, quoted),
  words(left, onText, modifier, listOf(quoted)),
  words(left, order, integer),
  words(left, onPattern),
  words(left, oneOf("in", "intersects", "pmatch"), listOf(quoted)),
  words(left, oneOf("in a", "intersects ab", "pmatch a")),
  words(left, "exists"),
  words(
    oneOf("t.strs", "t.words", 'getopt(t.strs, "ab:")', 'getopt(("-a", t.str), "ab:")'),
    fc.oneof(words(membership, listOf(fc.oneof(quoted, oneOf("a", '"-a"')))), oneOf("exists")),
  ),
  words("t.strs", membership, oneOf("val(t.words)", 'getopt(t.words, "ab:")')),
  words(
    single,
    oneOf("=", "!=", "contains", "startswith", "endswith", "icontains", "<", ">=", "glob"),
    fc.oneof(oneOf("val(t.other)", "val(t.empty)", "val(t.arg[x])"), transformed),
  ),
  words(single, membership, oneOf("val(t.other)", 'concat(t.other, "")', "tolower(t.other)")),
  words(aNumber, order, integer),
  comparisons(
    aNumber,
    integer.filter((digits) => digits !== "-1" && digits !== "+2"),
  ),
  words(
    oneOf("t.u64", "len(t.str)"),
    oneOf("=", "!=", "<", "in"),
    oneOf("val(t.u64)", "len(t.other)"),
  ),
  comparisons(oneOf("t.bool"), oneOf("true", "false")),
  comparisons(oneOf("t.port"), oneOf("0", "7", "007", "http")),
  words("t.port", order, oneOf("0", "7")),
  words("t.bool", equality, "val(t.bool)"),
  comparisons(oneOf("t.ip", "t.ends"), address),
  words("t.ip", equality, "val(t.ip)"),
  comparisons(fc.constant("t.net"), network),
  comparisons(fc.constant("t.bytes"), quoted),
  words("t.bytes", oneOf("contains", "startswith", "endswith"), quoted),
  words("t.bytes", oneOf("bcontains", "bstartswith"), oneOf("00", "ff61", '""', "6162")),
  words("t.bytes", "bcontains", modifier, listOf(oneOf("00", "61"))),
  words("t.known", equality, oneOf("open", "execve")),
  words("t.dynamic", fc.oneof(words(equality, quoted), words("in", listOf(quoted)))),
  words(
    oneOf("t.bool", "t.ip", "t.net", "t.bytes", "t.ends", "t.any", "t.i32", "t.strs", "t.known"),
    "exists",
  ),
);

const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    check,
    tie("condition").map((inner) => `not (${inner})`),
    fc
      .tuple(
        fc.constantFrom(" and ", " or "),
        fc.array(tie("condition"), { minLength: 2, maxLength: 4 }),
      )
      .map(([word, parts]) => parts.map((part) => `(${part})`).join(word)),
  ),
}));

const word = fc.constantFrom("-a", "-b", "-ab", "-bx", "--", "--long", "a", "-c", "");
const bytes = fc.constantFrom("", "a", "ab", "\0\xffab", "\xff");
const addresses = Object.values(addressBytes);
const subject: fc.Arbitrary<RecordSubject> = fc.record(
  {
    ...Object.fromEntries(
      [
        ...["t.str", "t.other", "t.maybe", "t.maybe[x]", "t.dear", "t.arg[x]", "t.dotted[x]"],
        "t.dynamic",
      ].map((name) => [name, text]),
    ),
    "t.letters": fc.constantFrom("ab:", "b", "", ":b:"),
    "t.any": fc.array(text, { minLength: 1, maxLength: 3 }),
    "t.strs": fc.array(word, { maxLength: 4 }),
    "t.words": fc.array(fc.oneof(word, text), { maxLength: 3 }),
    "t.i16": fc.constantFrom(0, 7, -1),
    "t.i32": fc.constantFrom(0, 1, 2, -1),
    "t.i64": fc.constantFrom<number | bigint>(0, 7, -(2n ** 62n)),
    "t.u32": fc.constantFrom(0, 1, 4294967295),
    "t.u64": fc.constantFrom<number | bigint>(0, 1, 7, 2n ** 63n, 2n ** 64n - 1n),
    "t.f64": fc.constantFrom(0, 1, 1.5, -0.5),
    "t.port": fc.constantFrom(0, 1, 7, 80),
    "t.bool": fc.boolean(),
    "t.ip": fc.constantFrom(...addresses),
    "t.net": fc.constantFrom(...addresses),
    "t.ends": fc.array(fc.constantFrom(...addresses), { minLength: 1, maxLength: 2 }),
    "t.bytes": bytes,
    "t.known": fc.constantFrom("open", "execve", "close"),
  },
  { requiredKeys: [] },
);

t.test("the compiled form agrees with a plain reading of the tree", (t) => {
  let trueCount = 0;
  fc.assert(
    fc.property(condition, fc.array(subject, { minLength: 3, maxLength: 6 }), (text, subjects) => {
      const parsed = parseCondition(text);
      if (!parsed.ok) throw new Error(`${text}: ${parsed.fault.message}`);
      for (const one of subjects) {
        const expected = naively(parsed.expr, one);
        if (expected) trueCount += 1;
        if (holds(text, one) !== expected) {
          throw new Error(`${text}: a plain reading says ${String(expected)}`);
        }
      }
    }),
    { numRuns: 2_000 },
  );
  t.ok(trueCount > 500, `${String(trueCount)} held`);
  t.end();
});
