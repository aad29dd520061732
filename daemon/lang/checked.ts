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
  /** Fields without a value for any subject that made it so. */
  readonly emptyFields: readonly string[];
}

/** One check. */
export interface CheckedLeaf<E> {
  readonly kind: "leaf";
  readonly size: 1;
  readonly test: Predicate<E>;
  readonly cost: number;
  /** Set where the check can only hold when the plain field has one of these values. */
  readonly bound?: Bound;
}

/** A field and the only values with which a check can hold. */
export interface Bound {
  readonly field: string;
  readonly values: ReadonlySet<ByteString>;
}

/** A constant; `emptyFields` says why, for a false one. */
export function constant(value: boolean, emptyFields: readonly string[] = []): CheckedConstant {
  return { kind: "constant", value, size: 0, emptyFields };
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
  const emptyFields = new Set<string>();
  const open: Checked<E>[] = [];
  let size = 0;
  for (const operand of operands) {
    if (operand.kind === "constant") {
      if (operand.value === deciding) return operand;
      for (const field of operand.emptyFields) emptyFields.add(field);
    } else {
      open.push(operand);
      size += operand.size;
    }
  }
  const [only] = open;
  if (only === undefined) return constant(!deciding, [...emptyFields]);
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
