// SPDX-License-Identifier: Apache-2.0
import { fromByteString, type ByteString } from "../util/byte-string.ts";
import type { CompareExpr, Expr, FieldNode, Operand, RightOperand } from "../lang/ast.ts";
import { readLiteral } from "../lang/literal.ts";
import { eventNames } from "./fields/event-names.ts";

/** Types of events: those named, or all but those. */
interface TypeSet {
  readonly isAllBut: boolean;
  readonly names: ReadonlySet<string>;
}

/** What a part of a condition says of the type: nothing (it is `neutral`), or a set. */
interface Found {
  readonly types: TypeSet;
  readonly isNeutral: boolean;
}

/** More types than this are as good as all: a rule over them is slow. */
const broadMin = 100;

/** The types of the events that a condition can match. */
export interface EventTypes {
  /** Sorted. */
  readonly names: readonly string[];
  /** There are more than 100 of them. */
  readonly isBroad: boolean;
}

/**
 * Finds the types by what the condition, its macros expanded, says of `evt.type`, `syscall.type` and `evt.num`:
 * `and` intersects, `or` unites, negation is pushed to the leaves, and everything else says nothing.
 */
export function eventTypesOf(expr: Expr): EventTypes {
  const { isAllBut, names } = new TypeFinder().typesOf(expr, false).types;
  const all = [...eventNames].filter((name) => names.has(name) !== isAllBut).sort();
  return { names: all, isBroad: all.length > broadMin };
}

const every: TypeSet = { isAllBut: true, names: new Set() };
const none: TypeSet = { isAllBut: false, names: new Set() };
const neutral: Found = { types: every, isNeutral: true };

/** Looks at each macro once, plain and negated, however often a condition uses it. */
class TypeFinder {
  readonly #plain = new Map<Expr, Found>();
  readonly #negated = new Map<Expr, Found>();

  typesOf(expr: Expr, isNegated: boolean): Found {
    switch (expr.kind) {
      case "and":
      case "or": {
        const isUnion = (expr.kind === "or") !== isNegated;
        const parts = expr.operands.map((operand) => this.typesOf(operand, isNegated).types);
        const types = parts.reduce(isUnion ? union : intersection, isUnion ? none : every);
        return { types, isNeutral: false };
      }
      case "not":
        return this.typesOf(expr.operand, !isNegated);
      case "expanded":
        return this.#ofMacro(expr.body, isNegated);
      case "macro":
        return neutral;
      case "exists":
        return isNegated ? negate(ofExists(expr.left)) : ofExists(expr.left);
      case "compare":
        return isNegated ? negate(ofCompare(expr)) : ofCompare(expr);
    }
  }

  #ofMacro(body: Expr, isNegated: boolean): Found {
    const known = isNegated ? this.#negated : this.#plain;
    const found = known.get(body) ?? this.typesOf(body, isNegated);
    known.set(body, found);
    return found;
  }
}

/** What says nothing says nothing when it is negated. */
function negate({ types, isNeutral }: Found): Found {
  return isNeutral ? neutral : { types: complement(types), isNeutral };
}

function ofExists(left: Operand): Found {
  return isTypeField(left) ? { types: every, isNeutral: false } : neutral;
}

function ofCompare({ left, operator, modifier, right }: CompareExpr): Found {
  if (left.kind !== "field" || modifier !== undefined) return neutral;
  if (left.name === "evt.num" && left.argument === undefined) return ofNumber(operator, right);
  const isNaming = ["=", "==", "!=", "in"].includes(operator);
  if (!isTypeField(left) || !isNaming) return neutral;
  if (right.kind !== "value" && right.kind !== "list") return neutral;
  const values = right.kind === "list" ? right.items : [right];
  const names = new Set(values.map(({ value }) => fromByteString(value)));
  return { types: { isAllBut: operator === "!=", names }, isNeutral: false };
}

function isTypeField(left: Operand): left is FieldNode {
  const isType =
    left.kind === "field" && (left.name === "evt.type" || left.name === "syscall.type");
  return isType && left.argument === undefined;
}

/** Events are counted from 1: what no number, or every number, satisfies is known before there is an event. */
function ofNumber(operator: string, right: RightOperand): Found {
  if (operator === "in" && right.kind === "list") {
    return right.items.every(({ value }) => numberOf(value) === 0n) ? decided(none) : neutral;
  }
  const value = right.kind === "value" ? numberOf(right.value) : undefined;
  const known = value === undefined ? undefined : numberRules[operator]?.(value);
  return known === undefined ? neutral : decided(known ? every : none);
}

function decided(types: TypeSet): Found {
  return { types, isNeutral: false };
}

/** A literal as `evt.num` reads it. */
function numberOf(text: ByteString): bigint | undefined {
  const literal = readLiteral("u64", text);
  if (!literal.ok || typeof literal.value === "boolean") return undefined;
  return typeof literal.value === "object" ? undefined : BigInt(literal.value);
}

const numberRules: Readonly<Partial<Record<string, (value: bigint) => boolean | undefined>>> = {
  "=": (value) => (value < 1n ? false : undefined),
  "==": (value) => (value < 1n ? false : undefined),
  "!=": (value) => (value < 1n ? true : undefined),
  "<": (value) => (value <= 1n ? false : undefined),
  "<=": (value) => (value < 1n ? false : undefined),
  ">": (value) => (value < 1n ? true : undefined),
  ">=": (value) => (value <= 1n ? true : undefined),
};

function complement({ isAllBut, names }: TypeSet): TypeSet {
  return { isAllBut: !isAllBut, names };
}

function union(a: TypeSet, b: TypeSet): TypeSet {
  return complement(intersection(complement(a), complement(b)));
}

function intersection(a: TypeSet, b: TypeSet): TypeSet {
  if (a.isAllBut && b.isAllBut) return { isAllBut: true, names: new Set([...a.names, ...b.names]) };
  const [some, other] = a.isAllBut ? [b, a] : [a, b];
  const names = [...some.names].filter((name) => other.names.has(name) !== other.isAllBut);
  return { isAllBut: false, names: new Set(names) };
}
