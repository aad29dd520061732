// SPDX-License-Identifier: Apache-2.0
import { fromByteString } from "../util/byte-string.ts";
import type { Expr, Operand, RightOperand } from "../lang/ast.ts";
import type { FieldCatalogue } from "../lang/field.ts";
import { resolveOperand } from "../lang/operand.ts";
import type { RuleSource } from "./subject.ts";

/** What a part of a condition leaves possible, and what it asks for in vain. */
interface Reach {
  /** The types, of those that occur, of events that it may hold for. */
  readonly types: ReadonlySet<string>;
  /** Fields that no event has. */
  readonly fields: ReadonlySet<string>;
  /** Types that do not occur. */
  readonly absent: ReadonlySet<string>;
}

const nothing: ReadonlySet<string> = new Set();

/**
 * Why no event that occurs can match a sound condition: every branch of it asks for a field that no event has, or for
 * a type of which there are none. Undefined when some branch may hold, or when nothing is known of the types.
 */
export function findInactivity<E>(expr: Expr, source: RuleSource<E>): string | undefined {
  const { eventTypes, noun = "events", catalogue } = source;
  if (eventTypes === undefined) return undefined;
  const { types, fields, absent } = new ReachFinder(catalogue, eventTypes).reachOf(expr, false);
  if (types.size > 0) return undefined;
  const reasons = [
    ...(fields.size === 0 ? [] : [`${noun} have no value for ${[...fields].join(", ")}`]),
    ...(absent.size === 0 ? [] : [`no events of type ${[...absent].join(", ")} are seen`]),
  ];
  return reasons.length === 0 ? "its condition is never true" : reasons.join(", and ");
}

/** Whether no event can match a sound condition where these fields have no value. */
export function isOnlyWith<E>(
  fields: ReadonlySet<string>,
  expr: Expr,
  { catalogue, eventTypes = ["any"] }: RuleSource<E>,
): boolean {
  return new ReachFinder(catalogue, eventTypes, fields).reachOf(expr, false).types.size === 0;
}

/** Looks at each macro once, plain and negated, however often a condition uses it. */
class ReachFinder<E> {
  readonly #catalogue: FieldCatalogue<E>;
  readonly #every: Reach;
  readonly #plain = new Map<Expr, Reach>();
  readonly #negated = new Map<Expr, Reach>();
  readonly #without: ReadonlySet<string>;

  constructor(
    catalogue: FieldCatalogue<E>,
    eventTypes: readonly string[],
    without: ReadonlySet<string> = nothing,
  ) {
    this.#catalogue = catalogue;
    this.#without = without;
    this.#every = { types: new Set(eventTypes), fields: nothing, absent: nothing };
  }

  reachOf(expr: Expr, isNegated: boolean): Reach {
    switch (expr.kind) {
      case "and":
      case "or": {
        const parts = expr.operands.map((operand) => this.reachOf(operand, isNegated));
        return (expr.kind === "or") === isNegated ? this.#ofAll(parts) : ofAny(parts);
      }
      case "not":
        return this.reachOf(expr.operand, !isNegated);
      case "expanded":
        return this.#ofMacro(expr.body, isNegated);
      case "macro":
        return this.#every;
      case "exists":
      case "compare":
        return this.#ofCheck(expr, isNegated);
    }
  }

  #ofMacro(body: Expr, isNegated: boolean): Reach {
    const known = isNegated ? this.#negated : this.#plain;
    const found = known.get(body) ?? this.reachOf(body, isNegated);
    known.set(body, found);
    return found;
  }

  /** A check of a missing value is false, and its negation true. */
  #ofCheck(expr: Expr & { readonly kind: "exists" | "compare" }, isNegated: boolean): Reach {
    const empty = this.#emptyFieldOf(expr.left) ?? this.#emptyOnTheRight(expr);
    if (empty !== undefined) {
      if (isNegated) return this.#every;
      return { types: nothing, fields: new Set([empty]), absent: nothing };
    }
    if (expr.kind === "exists") return this.#every;
    return this.#ofTypes(expr, isNegated) ?? this.#every;
  }

  #emptyOnTheRight(expr: Expr & { readonly kind: "exists" | "compare" }): string | undefined {
    if (expr.kind === "exists") return undefined;
    const { right } = expr;
    if (right.kind === "val") return this.#emptyFieldOf(right.field);
    return right.kind === "transform" ? this.#emptyFieldOf(right) : undefined;
  }

  #emptyFieldOf(node: Operand): string | undefined {
    if (node.kind === "field" && this.#without.has(node.name)) return node.name;
    const resolution = resolveOperand(node, this.#catalogue);
    if (!resolution.ok || resolution.operand.reader !== undefined) return undefined;
    return resolution.operand.emptyField;
  }

  /** What a check that names types says; undefined for every other. */
  #ofTypes(expr: Expr & { readonly kind: "compare" }, isNegated: boolean): Reach | undefined {
    const { left, operator, modifier, right } = expr;
    const isPlain = left.kind === "field" && left.argument === undefined && modifier === undefined;
    if (!isPlain || left.name !== "evt.type") return undefined;
    const named = namedBy(operator, right);
    if (named === undefined) return undefined;
    const isAllBut = (operator === "!=") !== isNegated;
    const types = new Set([...this.#every.types].filter((type) => named.has(type) !== isAllBut));
    return { types, fields: nothing, absent: isAllBut ? nothing : named };
  }

  /** Every part must hold: where one cannot, it is the reason, first of all one that misses a field. */
  #ofAll(parts: readonly Reach[]): Reach {
    const dead = parts.filter(({ types }) => types.size === 0);
    const reason = dead.find(({ fields }) => fields.size > 0) ?? dead[0];
    if (reason !== undefined) return reason;
    const types = parts.reduce(
      (left, part) => new Set([...left].filter((type) => part.types.has(type))),
      this.#every.types,
    );
    return { types, fields: nothing, absent: nothing };
  }
}

/** One part must hold: where none can, all of them are the reason. */
function ofAny(parts: readonly Reach[]): Reach {
  const types = new Set(parts.flatMap((part) => [...part.types]));
  if (types.size > 0) return { types, fields: nothing, absent: nothing };
  const fields = new Set(parts.flatMap((part) => [...part.fields]));
  return { types, fields, absent: new Set(parts.flatMap((part) => [...part.absent])) };
}

function namedBy(operator: string, right: RightOperand): ReadonlySet<string> | undefined {
  if (!["=", "==", "!=", "in"].includes(operator)) return undefined;
  if (right.kind !== "value" && right.kind !== "list") return undefined;
  const values = right.kind === "list" ? right.items : [right];
  return new Set(values.map(({ value }) => fromByteString(value)));
}
