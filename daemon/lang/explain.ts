// SPDX-License-Identifier: Apache-2.0
import type { LocatedText } from "../text/located-text.ts";
import type { CompareExpr, ExistsExpr, Expr, Operand, Range, RightOperand } from "./ast.ts";
import { createChecker } from "./check.ts";
import type { Predicate } from "./checked.ts";
import { createCompiler } from "./compile.ts";
import type { FieldCatalogue, FieldType, Scalar, Value } from "./field.ts";
import { resolveOperand, type ResolvedOperand } from "./operand.ts";
import { printCondition, printOperand } from "./print.ts";

/** A condition over one subject: what each part came to, and the values that it looked at. */
export type Explanation = ExplainedGroup | ExplainedNot | ExplainedMacro | ExplainedCheck;

interface ExplainedPart {
  readonly holds: boolean;
  /** Offsets in the text that the part was written in: the condition's, or the nearest macro's around it. */
  readonly range: Range;
}

/** All or any of its parts; every part is evaluated, also where one alone would decide. */
export interface ExplainedGroup extends ExplainedPart {
  readonly kind: "and" | "or";
  readonly parts: readonly Explanation[];
}

/** The opposite of its part. */
export interface ExplainedNot extends ExplainedPart {
  readonly kind: "not";
  readonly part: Explanation;
}

/** A macro; the ranges below are offsets in `text`. */
export interface ExplainedMacro extends ExplainedPart {
  readonly kind: "macro";
  readonly name: string;
  readonly text: LocatedText;
  readonly part: Explanation;
}

/** One check. */
export interface ExplainedCheck extends ExplainedPart {
  readonly kind: "check";
  /** As `printCondition` writes it. */
  readonly text: string;
  /** The sides that are fields or transformers: the left one, and the right one where it is no literal. */
  readonly operands: readonly ExplainedOperand[];
}

/** A field or transformer and what it gave. */
export interface ExplainedOperand {
  /** As it is written: `proc.aname[2]`. */
  readonly name: string;
  readonly type: FieldType;
  /** Undefined: the subject has no value for it, and the check is false. Of ancestors and ends, the first few. */
  readonly value?: Value;
  /** True when no subject can ever have a value. */
  readonly isNeverFilled: boolean;
}

/** Explains conditions over subjects of one kind. */
export interface Explainer<E> {
  /** For a condition that was checked without errors, its macros expanded; `text` is where its ranges lead. */
  explain(expr: Expr, text: LocatedText, subject: E): Explanation;
}

/** Values of a field with several that are told. */
const valuesMax = 16;

/** An explainer that remembers checks, so that many rules over the same macros are explained at little cost. */
export function createExplainer<E>(catalogue: FieldCatalogue<E>): Explainer<E> {
  const known = new Map<Expr, Predicate<E>>();
  const predicateOf = (expr: Expr, text: LocatedText): Predicate<E> => {
    const found = known.get(expr);
    if (found !== undefined) return found;
    const { checked } = createChecker(catalogue).check(expr, text);
    const predicate = createCompiler<E>().compile(checked);
    known.set(expr, predicate);
    return predicate;
  };
  const explain = (expr: Expr, text: LocatedText, subject: E): Explanation => {
    const { range } = expr;
    switch (expr.kind) {
      case "and":
      case "or": {
        const parts = expr.operands.map((operand) => explain(operand, text, subject));
        const isAnd = expr.kind === "and";
        const holds = isAnd ? parts.every((part) => part.holds) : parts.some((part) => part.holds);
        return { kind: expr.kind, holds, parts, range };
      }
      case "not": {
        const part = explain(expr.operand, text, subject);
        return { kind: "not", holds: !part.holds, part, range };
      }
      case "expanded": {
        const part = explain(expr.body, expr.text, subject);
        return { kind: "macro", name: expr.name, holds: part.holds, text: expr.text, part, range };
      }
      case "macro":
        // Reported when macros were expanded.
        return { kind: "check", holds: false, text: expr.name, operands: [], range };
      case "exists":
      case "compare":
        return {
          kind: "check",
          holds: predicateOf(expr, text)(subject),
          text: printCondition(expr),
          operands: operandsOf(expr).map((operand) => readOperand(operand, catalogue, subject)),
          range,
        };
    }
  };
  return { explain };
}

function operandsOf(expr: CompareExpr | ExistsExpr): readonly Operand[] {
  if (expr.kind === "exists") return [expr.left];
  return [expr.left, ...rightOperands(expr.right)];
}

function rightOperands(right: RightOperand): readonly Operand[] {
  switch (right.kind) {
    case "value":
    case "list":
      return [];
    case "val":
      return [right.field];
    case "transform":
      return [right];
  }
}

function readOperand<E>(node: Operand, catalogue: FieldCatalogue<E>, subject: E): ExplainedOperand {
  const name = printOperand(node);
  const resolution = resolveOperand(node, catalogue);
  if (!resolution.ok) return { name, type: "string", isNeverFilled: true };
  const { type, reader } = resolution.operand;
  const value = reader === undefined ? undefined : valueOf(reader, subject);
  return {
    name,
    type,
    ...(value === undefined ? {} : { value }),
    isNeverFilled: reader === undefined,
  };
}

function valueOf<E>(
  reader: NonNullable<ResolvedOperand<E>["reader"]>,
  subject: E,
): Value | undefined {
  if (reader.kind === "one") return reader.get(subject);
  const values: Scalar[] = [];
  reader.some(subject, (value) => values.push(value) >= valuesMax);
  return values.length === 0 ? undefined : values;
}
