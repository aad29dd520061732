// SPDX-License-Identifier: Apache-2.0
import { fromByteString } from "../util/byte-string.ts";
import { didYouMean } from "../text/nearest.ts";
import type { CompareExpr, ValueNode } from "./ast.ts";
import { constant, type Checked, type CheckedLeaf } from "./checked.ts";
import type { FieldCatalogue, FieldSpec, FieldType } from "./field.ts";
import {
  equalPredicate,
  everyEndPredicate,
  literalPredicate,
  modifiedTest,
  pairPredicate,
  type ListRule,
  type Reader,
} from "./leaf.ts";
import { literalWords, readHexLiteral, readLiteral, type Literal } from "./literal.ts";
import type { ResolvedOperand } from "./operand.ts";
import { operators, typeClasses, type Operand, type OperatorSpec, type Test } from "./operators.ts";
import { printOperand } from "./print.ts";
import type { Reporter } from "./reporter.ts";
import { valueDoubts } from "./value-doubts.ts";

/** The looked-up sides of a comparison; `right` only where a field stands there. */
export interface Sides<E> {
  readonly left: ResolvedOperand<E>;
  readonly right?: ResolvedOperand<E>;
}

/** What checking a comparison needs of its surroundings. */
export interface CompareContext<E> extends Reporter {
  readonly catalogue: FieldCatalogue<E>;
}

/** Checks operator, types and values of a comparison and builds its predicate. */
export function checkCompare<E>(
  expr: CompareExpr,
  sides: Sides<E>,
  context: CompareContext<E>,
): Checked<E> {
  const { left, right } = sides;
  const operator = operators.get(expr.operator);
  if (operator === undefined || !isSupported(expr, left, operator)) {
    const what = `${left.isList ? "a list of " : ""}${left.type} "${printOperand(expr.left)}"`;
    const message = `cannot use "${expr.operator}" on ${what}`;
    context.error("operator-type", message, expr.operatorRange);
    return constant(false);
  }
  if (left.spec?.isPrintOnly === true) {
    const message = `cannot use field "${printOperand(expr.left)}" in a condition: it is for outputs`;
    context.error("field-use", message, expr.left.range);
    return constant(false);
  }
  const build = right === undefined ? checkLiterals : checkRightField;
  const test = build({ expr, operator, left, right }, context);
  if (left.emptyField !== undefined) return constant(false);
  if (right?.emptyField !== undefined) return constant(false);
  return test ?? constant(false);
}

interface Comparison<E> {
  readonly expr: CompareExpr;
  readonly operator: OperatorSpec;
  readonly left: ResolvedOperand<E>;
  readonly right: ResolvedOperand<E> | undefined;
}

function isSupported<E>(
  expr: CompareExpr,
  left: ResolvedOperand<E>,
  operator: OperatorSpec,
): boolean {
  if (left.isList) {
    return operator.takesLists && expr.modifier === undefined && listTypes.has(left.type);
  }
  return operator.types.includes(typeClasses[left.type]);
}

/** Types whose lists can be compared. */
const listTypes: ReadonlySet<FieldType> = new Set([
  ...(["string", "u64", "duration", "time", "bool", "ip", "net"] as const),
]);

function listRule(operator: string): ListRule {
  return operator === "in" ? "every" : "some";
}

function checkLiterals<E>(
  comparison: Comparison<E>,
  context: CompareContext<E>,
): CheckedLeaf<E> | undefined {
  const { expr, operator, left } = comparison;
  const nodes = literalNodes(expr);
  const read = nodes.map((node) => readOperand(comparison, node, context));
  const operands = read.filter((operand) => operand !== undefined);
  if (operands.length < nodes.length || left.reader === undefined) return undefined;
  const test = prepareTest(comparison, countedOperands(comparison, operands), context);
  if (test === undefined) return undefined;
  const predicate = choosePredicate({ expr, reader: left.reader, test, operands });
  const values = new Set(nodes.map(({ value }) => value));
  const leaf = { kind: "leaf", size: 1, test: predicate, cost: left.cost + operator.cost } as const;
  const prefix = prefixOf(comparison);
  if (prefix !== undefined) return { ...leaf, prefix };
  const field = boundField(expr, left);
  return field === undefined ? leaf : { ...leaf, bound: { field, values } };
}

/** The items that membership looks at, see `FieldSpec.membership`. */
function countedOperands<E>(
  { expr, operator, left }: Comparison<E>,
  operands: readonly Operand[],
): readonly Operand[] {
  const { spec } = left;
  if (!operator.takesLists || spec?.membership === undefined) return operands;
  const isWhole =
    spec.argument !== "optional" ||
    (expr.left.kind === "field" && expr.left.argument === undefined);
  if (!isWhole) return operands;
  if (spec.membership === "first") return operands.slice(0, 1);
  return spec.type === "dynamic" && typeClasses[left.type] !== "number" ? operands : [];
}

function literalNodes({ right }: CompareExpr): readonly ValueNode[] {
  if (right.kind === "list") return right.items;
  return right.kind === "value" ? [right] : [];
}

function readOperand<E>(
  { expr, operator, left }: Comparison<E>,
  node: ValueNode,
  context: CompareContext<E>,
): Operand | undefined {
  for (const { code, message } of valueDoubts(expr.operator, node.value, context.catalogue)) {
    context.warning(code, message, node.range);
  }
  const literal: Literal =
    operator.literal === "hex" ? readHexLiteral(node.value) : readLiteral(left.type, node.value);
  const shown = `cannot compare "${printOperand(expr.left)}" with ${literalWords(node.value)}`;
  if (!literal.ok) {
    context.error("bad-value", `${shown}: expected ${literal.expected}`, node.range);
    return undefined;
  }
  if (left.spec?.literals?.has(node.value) === false) {
    const hint = didYouMean(fromByteString(node.value), left.spec.literals);
    context.error("unknown-value", `${shown}${hint || ": it never has this value"}`, node.range);
    return undefined;
  }
  if (literal.isCut === true && typeof literal.value !== "object") {
    const message = `${shown} as such: it does not fit and is read as ${String(literal.value)}`;
    context.warning("number-cut", message, node.range);
  }
  return literal.value;
}

function prepareTest<E>(
  { expr, operator, left }: Comparison<E>,
  operands: readonly Operand[],
  context: CompareContext<E>,
): Test | undefined {
  const type = typeClasses[left.type];
  const groups = expr.modifier === undefined ? [operands] : operands.map((operand) => [operand]);
  const tests: Test[] = [];
  for (const group of groups) {
    const test = operator.prepare(group, type);
    if (typeof test === "string") {
      context.error("bad-regex", `cannot use this pattern: ${test}`, expr.right.range);
      return undefined;
    }
    tests.push(test);
  }
  if (expr.modifier !== undefined) return modifiedTest(expr.modifier, tests);
  return tests[0];
}

function choosePredicate<E>(parts: {
  readonly expr: CompareExpr;
  readonly reader: Reader<E>;
  readonly test: Test;
  readonly operands: readonly Operand[];
}): CheckedLeaf<E>["test"] {
  const { expr, reader, test, operands } = parts;
  const [only] = operands;
  if (expr.operator === "!=" && reader.kind === "ends") return everyEndPredicate(reader, test);
  if (expr.modifier !== undefined) return literalPredicate(reader, test, undefined);
  const isEquality = expr.operator === "=" || expr.operator === "==";
  if (isEquality && reader.kind === "one" && typeof only === "string") {
    return equalPredicate(reader.get, only);
  }
  return literalPredicate(reader, test, listRule(expr.operator));
}

/** Set where the check asks a plain text field for its beginning. */
function prefixOf<E>({ expr, left }: Comparison<E>): CheckedLeaf<E>["prefix"] {
  if (expr.operator !== "startswith" || expr.modifier !== undefined) return undefined;
  const field = plainTextField(expr, left);
  if (field === undefined || expr.right.kind !== "value") return undefined;
  return { field, text: expr.right.value };
}

function plainTextField<E>(expr: CompareExpr, left: ResolvedOperand<E>): string | undefined {
  if (expr.left.kind !== "field" || expr.left.argument !== undefined) return undefined;
  if (left.reader?.kind !== "one" || left.isList || left.type !== "string") return undefined;
  return left.spec?.name === expr.left.name ? expr.left.name : undefined;
}

function boundField<E>(expr: CompareExpr, left: ResolvedOperand<E>): string | undefined {
  const field = plainTextField(expr, left);
  const isBounding = ["=", "==", "in", "intersects"].includes(expr.operator);
  return isBounding && expr.modifier === undefined ? field : undefined;
}

function checkRightField<E>(
  { expr, operator, left, right }: Comparison<E>,
  context: CompareContext<E>,
): CheckedLeaf<E> | undefined {
  if (right === undefined) return undefined;
  const problem = pairProblem({ expr, operator, left, right });
  if (problem !== undefined) {
    context.error("right-field", `cannot compare the two fields: ${problem}`, expr.right.range);
    return undefined;
  }
  if (left.reader?.kind !== "one" || right.reader?.kind !== "one") return undefined;
  if (operator.pair === undefined) return undefined;
  const isNever = operator.takesLists && !right.isList && hasTerminator(expr.right);
  const rule = listRule(expr.operator);
  const sides = { left: left.reader.get, right: right.reader.get, test: operator.pair, rule };
  const test = isNever ? (): boolean => false : pairPredicate(sides);
  return { kind: "leaf", size: 1, test, cost: left.cost + right.cost + operator.cost };
}

/** Upstream counts the NUL that these put behind their result, so that it is no member of anything (quirk). */
function hasTerminator(right: CompareExpr["right"]): boolean {
  if (right.kind !== "transform") return false;
  return ["tolower", "toupper", "basename", "b64"].includes(right.name);
}

function pairProblem<E>({ expr, operator, left, right }: Comparison<E>): string | undefined {
  if (right === undefined) return undefined;
  if (operator.pair === undefined) return `"${expr.operator}" takes literals only`;
  const refused = [left, right].find(
    ({ spec, reader }) => refusesFields(spec) || isSeveral(reader),
  );
  if (refused !== undefined) return "one of them cannot be compared with a field";
  if (left.type === "net") return "networks are compared with literals only";
  if (left.type === right.type && left.isList === right.isList) return undefined;
  const words = [left, right].map(({ type, isList }) => (isList ? `list of ${type}` : type));
  return `${words.join(" and ")} are not the same type`;
}

function refusesFields<E>(spec: FieldSpec<E> | undefined): boolean {
  return spec?.refusesRightFields === true;
}

function isSeveral<E>(reader: ResolvedOperand<E>["reader"]): boolean {
  return reader !== undefined && reader.kind !== "one";
}
