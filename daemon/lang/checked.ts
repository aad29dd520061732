// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";

/** True or false of a subject; never throws, keeps no state. */
export type Predicate<E> = (subject: E) => boolean;

/** A condition whose fields, types and values are right, with what is already certain folded away. */
export type Checked<E> =
  | CheckedConstant
  | CheckedLeaf<E>
  | { readonly kind: "not"; readonly operand: Checked<E>; readonly size: number }
  | {
      readonly kind: "and" | "or";
      readonly operands: readonly Checked<E>[];
      readonly size: number;
    };

/** A condition that is the same for every subject. */
export interface CheckedConstant {
  readonly kind: "constant";
  readonly value: boolean;
  readonly size: 0;
}

/** One check. */
export interface CheckedLeaf<E> {
  readonly kind: "leaf";
  readonly size: 1;
  readonly test: Predicate<E>;
  readonly cost: number;
  /** Set where the check holds exactly when the plain field has one of these values. */
  readonly bound?: Bound;
  /** Set where the check holds exactly when the plain field begins with this text. */
  readonly prefix?: { readonly field: string; readonly text: ByteString };
}

/** A field and the values with which a check holds. */
export interface Bound {
  readonly field: string;
  readonly values: ReadonlySet<ByteString>;
}

/** A condition that is always, or never, true. */
export function constant(value: boolean): CheckedConstant {
  return { kind: "constant", value, size: 0 };
}

/** Negation. */
export function negate<E>(operand: Checked<E>): Checked<E> {
  if (operand.kind === "constant") return constant(!operand.value);
  if (operand.kind === "not") return operand.operand;
  return { kind: "not", operand, size: operand.size };
}

/** Conjunction or disjunction with constants taken out. */
export function group<E>(kind: "and" | "or", operands: readonly Checked<E>[]): Checked<E> {
  // `false and x` is false, `true or x` is true: that value decides.
  const deciding = kind === "or";
  const open: Checked<E>[] = [];
  let size = 0;
  for (const operand of operands) {
    if (operand.kind === "constant") {
      if (operand.value === deciding) return operand;
    } else {
      open.push(operand);
      size += operand.size;
    }
  }
  const [only] = open;
  if (only === undefined) return constant(!deciding);
  return open.length === 1 ? only : { kind, operands: open, size };
}

/**
 * The values of a text field outside of which the condition is certainly false; undefined when any value may do.
 */
export function boundOf<E>(
  checked: Checked<E>,
  field: string,
): ReadonlySet<ByteString> | undefined {
  switch (checked.kind) {
    case "constant":
      return checked.value ? undefined : new Set();
    case "leaf":
      return checked.bound?.field === field ? checked.bound.values : undefined;
    case "not":
      return undefined;
    case "and":
      return checked.operands
        .map((operand) => boundOf(operand, field))
        .reduce((all, some) => (all && some ? intersection(all, some) : (all ?? some)), undefined);
    case "or":
      return unionOf(checked.operands.map((operand) => boundOf(operand, field)));
  }
}

function intersection<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): ReadonlySet<T> {
  return new Set([...a].filter((item) => b.has(item)));
}

function unionOf<T>(sets: readonly (ReadonlySet<T> | undefined)[]): ReadonlySet<T> | undefined {
  const all = new Set<T>();
  for (const set of sets) {
    if (set === undefined) return undefined;
    for (const item of set) all.add(item);
  }
  return all;
}

/** Adds the values of a field that the condition compares it with as a whole. */
export function collectBounds<E>(
  checked: Checked<E>,
  field: string,
  values: Set<ByteString>,
): void {
  switch (checked.kind) {
    case "constant":
      return;
    case "leaf":
      if (checked.bound?.field === field)
        for (const value of checked.bound.values) values.add(value);
      return;
    case "not":
      collectBounds(checked.operand, field, values);
      return;
    case "and":
    case "or":
      for (const operand of checked.operands) collectBounds(operand, field, values);
  }
}

/**
 * What is left of a condition once a field is known to have a value (undefined: none of those that conditions name).
 * Parts that conditions share are still shared afterwards.
 */
export function createSpecializer<E>(
  field: string,
  value: ByteString | undefined,
): (checked: Checked<E>) => Checked<E> {
  const known = new Map<Checked<E>, Checked<E>>();
  const build = (checked: Checked<E>): Checked<E> => {
    switch (checked.kind) {
      case "constant":
        return checked;
      case "leaf":
        if (checked.bound?.field !== field) return checked;
        return constant(value !== undefined && checked.bound.values.has(value));
      case "not":
        return negate(specialize(checked.operand));
      case "and":
      case "or":
        return group(checked.kind, checked.operands.map(specialize));
    }
  };
  const specialize = (checked: Checked<E>): Checked<E> => {
    const found = known.get(checked) ?? build(checked);
    known.set(checked, found);
    return found;
  };
  return specialize;
}
