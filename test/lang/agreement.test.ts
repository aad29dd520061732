// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import t from "tap";
import { parseCondition } from "../../daemon/lang/parser.ts";
import { naively } from "./naive.ts";
import { holds, type RecordSubject } from "./record-subject.ts";

const texts = ["", "a", "A", "ab", "/a/b", "/a", "b", "YWI="] as const;
const text = fc.constantFrom(...texts);
const quote = (value: string): string => JSON.stringify(value);
const quoted = text.map(quote);
const list = fc.array(quoted, { maxLength: 3 }).map((items) => `(${items.join(", ")})`);
const left = fc.constantFrom(
  ...["t.str", "t.other", "t.maybe", "t.maybe[x]", "t.empty", "t.dear", "t.any"],
);
const single = fc.constantFrom(
  ...["t.str", "t.other", "tolower(t.str)", "toupper(t.other)", "basename(t.str)", "b64(t.str)"],
  ...['concat(t.str, "b")', 'join("/", t.strs)', "tolower(basename(t.str))", "toupper(t.empty)"],
  ...['join("", (t.str, t.other))'],
);
const onText = fc.constantFrom(
  ...["=", "==", "!=", "contains", "icontains", "startswith", "endswith"],
);
const pattern = fc.constantFrom("*", "a*", "?", "*b", "/*/b", "a").map(quote);
const number = fc.constantFrom("0", "1", "2", "7");

const check = fc.oneof(
  fc.tuple(fc.oneof(left, single), onText, quoted).map((parts) => parts.join(" ")),
  fc
    .tuple(fc.oneof(left, single), onText, fc.constantFrom("oneof", "anyof", "allof"), list)
    .map((parts) => parts.join(" ")),
  fc.tuple(left, fc.constantFrom("glob", "iglob"), pattern).map((parts) => parts.join(" ")),
  fc
    .tuple(left, fc.constantFrom("a+", "[a-z]*", ".", "(a|b)?"))
    .map(([f, r]) => `${f} regex ${quote(r)}`),
  fc
    .tuple(left, fc.constantFrom("in", "intersects", "pmatch"), list)
    .map((parts) => parts.join(" ")),
  fc.tuple(fc.constantFrom("in", "intersects"), list).map(([op, items]) => `t.strs ${op} ${items}`),
  fc
    .tuple(fc.constantFrom("in", "intersects"), list)
    .map(([op, items]) => `getopt(t.strs, "ab:") ${op} ${items}`),
  fc
    .tuple(
      single,
      fc.constantFrom("=", "!=", "contains"),
      fc.constantFrom("val(t.other)", "tolower(t.other)", "val(t.empty)"),
    )
    .map((parts) => parts.join(" ")),
  fc
    .tuple(
      fc.constantFrom("t.i32", "t.u64", "len(t.str)", "len(t.strs)"),
      fc.constantFrom("=", "!=", "<", "<=", ">", ">="),
      number,
    )
    .map((parts) => parts.join(" ")),
  fc.tuple(left, fc.constant("exists")).map((parts) => parts.join(" ")),
  fc.constantFrom("t.bool = true", "t.bool != true", "t.str in ()", "t.strs exists"),
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
const subject: fc.Arbitrary<RecordSubject> = fc.record(
  {
    "t.str": text,
    "t.other": text,
    "t.maybe": text,
    "t.maybe[x]": text,
    "t.dear": text,
    "t.any": fc.array(text, { minLength: 1, maxLength: 3 }),
    "t.strs": fc.array(word, { maxLength: 4 }),
    "t.i32": fc.constantFrom(0, 1, 2, -1),
    "t.u64": fc.constantFrom<number | bigint>(0, 1, 7, 2n ** 63n),
    "t.bool": fc.boolean(),
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
