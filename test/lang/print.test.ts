// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import t from "tap";
import type { Expr, Operand, RightOperand, ValueNode } from "../../daemon/lang/ast.ts";
import { parseCondition } from "../../daemon/lang/parser.ts";
import { printCondition } from "../../daemon/lang/print.ts";
import { modifiers, operatorSyntax, transformerNames } from "../../daemon/lang/syntax.ts";
import { toByteString } from "../../daemon/util/byte-string.ts";

const range = { start: 0, end: 0 };

/** One of the characters of a text. */
function oneOf(characters: string): fc.Arbitrary<string> {
  return fc.constantFrom(...Array.from(characters));
}

const letter = oneOf("abcXYZ");
const word = fc.tuple(letter, fc.string({ unit: oneOf("ab_9"), maxLength: 6 }));
// Names that a keyword begins would be read as that keyword: `or…`, `not…`, `exists…`.
const name = word.map(([first, rest]) => `q${first}${rest}`);
const fieldName = fc.array(name, { minLength: 2, maxLength: 4 }).map((parts) => parts.join("."));

// What prints unquoted must be readable as a bare word; what is quoted may hold anything but NUL.
const bare = fc
  .string({ unit: oneOf("abz/*.-_<>!|$ü"), minLength: 1, maxLength: 8 })
  .map((text) => `w${text}`);
const quoted = fc
  .string({ unit: oneOf("a =\"'\\\t\n,()ü"), maxLength: 8 })
  .filter((text) => !text.endsWith("\\"))
  .map((text) => `${text} x`);
const value = fc
  .oneof(bare, quoted)
  .map((text): ValueNode => ({ kind: "value", value: toByteString(text), range }));

const field = fc
  .tuple(fieldName, fc.option(fc.constantFrom("0", "a.b", "/x*"), { nil: undefined }))
  .map(([text, argument]) => ({
    kind: "field" as const,
    name: text,
    range,
    ...(argument === undefined ? {} : { argument }),
  }));

const { operand } = fc.letrec<{ operand: Operand }>((tie) => ({
  operand: fc.oneof(
    { depthSize: "small" },
    field,
    fc
      .tuple(
        fc.constantFrom(...transformerNames),
        fc.array(tie("operand"), { minLength: 1, maxLength: 3 }),
      )
      .map(([text, args]) => ({ kind: "transform" as const, name: text, args, range })),
  ),
}));

const list = fc
  .array(value, { maxLength: 4 })
  .map((items) => ({ kind: "list" as const, items, range }));
const number = fc
  .constantFrom("0", "-5", "0x1f", "1.5e+3")
  .map((text): ValueNode => ({ kind: "value", value: text, range }));

const check = fc
  .tuple(operand, fc.constantFrom(...operatorSyntax), fc.option(fc.constantFrom(...modifiers)))
  .chain(([left, operator, modifier]): fc.Arbitrary<Expr> => {
    const base = { left, range, operatorRange: range, operator: operator.name };
    const compare = (right: fc.Arbitrary<RightOperand>): fc.Arbitrary<Expr> =>
      right.map((node) => ({ kind: "compare", ...base, right: node }));
    switch (operator.operand) {
      case "none":
        return fc.constant({ kind: "exists", left, range });
      case "number":
        return compare(number);
      case "list":
        return compare(list);
      case "text":
        return modifier === null
          ? compare(
              fc.oneof(
                value,
                field.map((node) => ({ kind: "val" as const, field: node, range })),
              ),
            )
          : list.map((right) => ({ kind: "compare", ...base, modifier, right }));
    }
  });

const { expr } = fc.letrec<{ expr: Expr }>((tie) => ({
  expr: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    check,
    name.map((text): Expr => ({ kind: "macro", name: text, range })),
    tie("expr")
      .filter(({ kind }) => kind !== "not")
      .map((inner): Expr => ({ kind: "not", operand: inner, range })),
    fc
      .tuple(
        fc.constantFrom("and" as const, "or" as const),
        fc.array(tie("expr"), { minLength: 2, maxLength: 4 }),
      )
      .map(([kind, operands]): Expr => ({ kind, operands, range })),
  ),
}));

/** A tree without places. */
function bareTree(node: unknown): unknown {
  return JSON.parse(
    JSON.stringify(node, (key, item: unknown) =>
      key.toLowerCase().endsWith("range") ? undefined : item,
    ),
  );
}

t.test("parsing what was printed gives the tree back", (t) => {
  fc.assert(
    fc.property(expr, (tree) => {
      const text = printCondition(tree);
      const parsed = parseCondition(text);
      if (!parsed.ok) throw new Error(`${text}: ${parsed.fault.message}`);
      t.strictSame(bareTree(parsed.expr), bareTree(tree));
      return true;
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test("no text makes the parser throw or hang, and faults lie inside the text", (t) => {
  const token = fc.constantFrom(
    ...Array.from("()[],=<> \"'\\"),
    "not ",
    " and ",
    " or ",
    "t.a",
    "in",
    "oneof ",
    "val(",
    "join(",
    "exists",
    "regex ",
    "0x",
    "ü",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(token, fc.string()), { maxLength: 30 }), (pieces) => {
      const text = pieces.join("");
      const parsed = parseCondition(text);
      if (parsed.ok) return true;
      const { start, end } = parsed.fault.range;
      return start >= 0 && start <= text.length && end > start;
    }),
    { numRuns: 2000 },
  );
  t.end();
});
