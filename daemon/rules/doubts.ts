// SPDX-License-Identifier: Apache-2.0
import { errorAt, warningAt, type Diagnostic, type Note } from "../text/diagnostic.ts";
import { placeIn, type LocatedText } from "../text/located-text.ts";
import type {
  ExistsExpr,
  Expr,
  FieldNode,
  Operand,
  Range,
  RightOperand,
  TransformArg,
} from "../lang/ast.ts";

/** Fields that upstream keeps so that old rules load. */
const deprecatedFields: readonly string[] = [
  "evt.dir",
  "evt.latency",
  "evt.latency.s",
  "evt.latency.ns",
  "evt.latency.human",
  "evt.wait_latency",
];

/** Warnings about a condition that is right, one per field or kind: deprecated fields, comparisons with `<NA>`. */
export function conditionDoubts(expr: Expr, text: LocatedText): readonly Diagnostic[] {
  const doubts = new Map<string, Diagnostic>();
  const act: Visitor["act"] = (node, reading) => {
    // Only asked where there is something to tell: finding a place takes longer than looking.
    const place = (): ReturnType<typeof placeIn> => placeOf(reading, node.range);
    if (node.kind === "field") {
      if (!deprecatedFields.includes(node.name) || doubts.has(node.name)) return;
      const message = `field "${node.name}" is deprecated: it always has the same value`;
      doubts.set(node.name, warningAt({ code: "deprecated", message, ...place() }));
    } else if (node.kind === "compare" && !doubts.has("<NA>") && isUnsafe(node)) {
      const message = `cannot tell a missing value by comparing with <NA>: write "exists"`;
      doubts.set("<NA>", warningAt({ code: "unsafe-missing-check", message, ...place() }));
    }
  };
  visit(expr, { text, uses: () => [] }, { act, seen: new Set() });
  return [...doubts.values()];
}

/**
 * Conditions whose types of events cannot be found: those that compare the type of the event with a field, or change it
 * by a transformer first. Upstream does not load them.
 */
export function typeFaults(expr: Expr, text: LocatedText): readonly Diagnostic[] {
  const faults: Diagnostic[] = [];
  const act: Visitor["act"] = (node, reading) => {
    if (node.kind === "field") return;
    const range = node.kind === "exists" ? transformedType(node.left) : faultyRange(node);
    if (range === undefined) return;
    const message = "cannot tell which events this is about: compare evt.type with names only";
    faults.push(errorAt({ code: "field-use", message, ...placeOf(reading, range) }));
  };
  visit(expr, { text, uses: () => [] }, { act, seen: new Set() });
  return faults;
}

function faultyRange({ left, operator, modifier, right }: Comparison): Range | undefined {
  if (modifier !== undefined || !["=", "==", "!=", "in"].includes(operator)) return undefined;
  if (!isEventType(left)) return transformedType(left);
  return right.kind === "val" || right.kind === "transform" ? right.range : undefined;
}

function isEventType(node: Operand | TransformArg | undefined): boolean {
  return node?.kind === "field" && (node.name === "evt.type" || node.name === "syscall.type");
}

/** Where a transformer is given the type of the event; of a list, upstream looks at the last item only. */
function transformedType(node: Operand | TransformArg): Range | undefined {
  if (node.kind !== "transform") return undefined;
  for (const arg of node.args) {
    const last = arg.kind === "arg-list" ? arg.items.at(-1) : arg;
    if (isEventType(last)) return node.range;
    const inner = last && transformedType(last);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** Warnings about an output: deprecated fields, found as upstream finds them, by their names as part of the text. */
export function outputDoubts(output: LocatedText): readonly Diagnostic[] {
  return deprecatedFields.flatMap((name) => {
    const at = output.value.indexOf(name);
    if (at < 0) return [];
    const message = `field "${name}" is deprecated: it always has the same value`;
    return [warningAt({ code: "deprecated", message, span: output.spanOf(at, at + name.length) })];
  });
}

type Comparison = Expr & { readonly kind: "compare" };

/** The text that is looked at, and through which macros it came here. */
interface Reading {
  readonly text: LocatedText;
  readonly uses: () => readonly Note[];
}

interface Visitor {
  readonly act: (node: FieldNode | Comparison | ExistsExpr, reading: Reading) => void;
  /** Bodies of macros that were visited. */
  readonly seen: Set<Expr>;
}

function isUnsafe({ left, operator, modifier, right }: Comparison): boolean {
  if (left.kind !== "field" || !/^(?:ka|jevt)\./.test(left.name)) return false;
  if (modifier !== undefined) return false;
  if (!["=", "==", "!=", "in", "intersects", "pmatch"].includes(operator)) return false;
  const values = right.kind === "list" ? right.items : right.kind === "value" ? [right] : [];
  return values.some(({ value }) => value === "<NA>");
}

function visit(expr: Expr, reading: Reading, visitor: Visitor): void {
  const { seen } = visitor;
  switch (expr.kind) {
    case "and":
    case "or":
      for (const operand of expr.operands) visit(operand, reading, visitor);
      return;
    case "not":
      visit(expr.operand, reading, visitor);
      return;
    case "expanded":
      // Once each: macros that use each other twice would double the work at every step.
      if (seen.has(expr.body)) return;
      seen.add(expr.body);
      visit(expr.body, readingOf(expr, reading), visitor);
      return;
    case "exists":
      visitor.act(expr, reading);
      visitOperand(expr.left, reading, visitor);
      return;
    case "compare":
      visitor.act(expr, reading);
      visitOperand(expr.left, reading, visitor);
      visitRight(expr.right, reading, visitor);
      return;
    case "macro":
      return;
  }
}

function placeOf({ text, uses }: Reading, range: Range): ReturnType<typeof placeIn> {
  const { span, notes } = placeIn(text, range);
  return { span, notes: [...notes, ...uses()] };
}

function readingOf(
  { name, range, text }: Expr & { readonly kind: "expanded" },
  around: Reading,
): Reading {
  return {
    text,
    uses: () => {
      const { span, notes } = placeIn(around.text, range);
      return [{ message: `used through macro "${name}"`, span }, ...notes, ...around.uses()];
    },
  };
}

function visitRight(right: RightOperand, reading: Reading, visitor: Visitor): void {
  if (right.kind === "val") visitor.act(right.field, reading);
  else if (right.kind === "transform") visitOperand(right, reading, visitor);
}

function visitOperand(operand: Operand | TransformArg, reading: Reading, visitor: Visitor): void {
  if (operand.kind === "field") visitor.act(operand, reading);
  else if (operand.kind === "transform")
    for (const arg of operand.args) visitOperand(arg, reading, visitor);
  else if (operand.kind === "arg-list")
    for (const item of operand.items) visitOperand(item, reading, visitor);
}
