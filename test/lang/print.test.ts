// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import t from "tap";
import type {
  Expr,
  Operand,
  RightOperand,
  TransformArg,
  TransformNode,
  ValueNode,
} from "../../daemon/lang/ast.ts";
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

const argument = fc.constantFrom("0", "a.b", "/x*", "a b", "x=y", 'say "it"', "a\\b", "\t");
const field = fc.tuple(fieldName, fc.option(argument, { nil: undefined })).map(([text, index]) => ({
  kind: "field" as const,
  name: text,
  range,
  ...(index === undefined ? {} : { argument: index }),
}));

const number = fc
  .constantFrom("0", "-5", "0x1f", "1.5e+3", "+7", "2.")
  .map((text): ValueNode => ({ kind: "value", value: toByteString(text), range }));
/** Literals that a transformer takes: as arguments, words are printed without the quotes that they need. */
const literal = fc.oneof(
  number,
  quoted.map((text): ValueNode => ({ kind: "value", value: toByteString(text), range })),
);

const { operand, transform } = fc.letrec<{
  operand: Operand;
  transform: TransformNode;
  element: Operand | ValueNode;
}>((tie) => ({
  operand: fc.oneof({ depthSize: "small" }, field, tie("transform")),
  element: fc.oneof({ depthSize: "small" }, field, literal, tie("transform")),
  transform: fc
    .tuple(
      fc.constantFrom(...transformerNames),
      fc.array(
        fc.oneof(
          { depthSize: "small" },
          tie("element"),
          fc
            .array(tie("element"), { maxLength: 3 })
            .map((items): TransformArg => ({ kind: "arg-list", items, range })),
        ),
        { minLength: 1, maxLength: 3 },
      ),
      fc.option(argument, { nil: undefined }),
    )
    .map(([text, args, index]) => ({
      kind: "transform" as const,
      name: text,
      args,
      range,
      ...(index === undefined ? {} : { index }),
    })),
}));

const list = fc
  .array(value, { maxLength: 4 })
  .map((items) => ({ kind: "list" as const, items, range }));
const identifier = name.map((text): ValueNode => ({
  kind: "value",
  value: toByteString(text),
  range,
}));
const rightField = fc.oneof(
  field.map((node) => ({ kind: "val" as const, field: node, range })),
  transform,
);

const rights: Readonly<Record<"number" | "text" | "list", fc.Arbitrary<RightOperand>>> = {
  number: fc.oneof(number, rightField),
  text: fc.oneof(value, rightField),
  list: fc.oneof(list, identifier, rightField),
};

const check = fc
  .tuple(operand, fc.constantFrom(...operatorSyntax), fc.option(fc.constantFrom(...modifiers)))
  .chain(([left, operator, modifier]): fc.Arbitrary<Expr> => {
    if (operator.operand === "none") return fc.constant({ kind: "exists", left, range });
    const isModified = operator.operand === "text" && modifier !== null;
    const right = isModified ? fc.oneof(list, identifier) : rights[operator.operand];
    const base = { left, range, operatorRange: range, operator: operator.name };
    return right.map((node) => ({
      kind: "compare",
      ...base,
      ...(isModified ? { modifier } : {}),
      right: node,
    }));
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
    { numRuns: 500 },
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
