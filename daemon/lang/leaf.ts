// SPDX-License-Identifier: Apache-2.0
import type { Modifier } from "./ast.ts";
import type { Predicate } from "./checked.ts";
import type { AnyGetter, FieldReader, Getter, Scalar, Value } from "./field.ts";
import type { PairTest, Test } from "./operators.ts";

/** A reader of a field that has values. */
export type Reader<E> = Exclude<FieldReader<E>, { readonly kind: "invalid-argument" }>;

/** True where the field has a value (an empty text is one). */
export function existsPredicate<E>(reader: Reader<E>): Predicate<E> {
  if (reader.kind !== "one") return (subject) => reader.some(subject, () => true);
  const { get } = reader;
  return (subject) => get(subject) !== undefined;
}

/** How a list field relates to the listed values. */
export type ListRule = "every" | "some" | undefined;

/** A check against literals. A missing value makes it false, whatever the operator. */
export function literalPredicate<E>(reader: Reader<E>, test: Test, rule: ListRule): Predicate<E> {
  if (reader.kind !== "one") return (subject) => reader.some(subject, test);
  const { get } = reader;
  return (subject) => {
    const value = get(subject);
    if (value === undefined) return false;
    return typeof value === "object" ? holdsForList(value, test, rule) : test(value);
  };
}

/** `!=` on the ends of a connection: there is an end, and every one is different. */
export function everyEndPredicate<E>(
  { some }: { readonly some: AnyGetter<E> },
  test: Test,
): Predicate<E> {
  return (subject) => some(subject, () => true) && !some(subject, (value) => !test(value));
}

/** A plain text or number field equal to one literal: the commonest check, kept short. */
export function equalPredicate<E>(get: Getter<E>, literal: Scalar): Predicate<E> {
  return (subject) => get(subject) === literal;
}

/** A check of two fields. */
export function pairPredicate<E>(sides: {
  readonly left: Getter<E>;
  readonly right: Getter<E>;
  readonly test: PairTest;
  readonly rule: ListRule;
}): Predicate<E> {
  const { left, right, test, rule } = sides;
  return (subject) => {
    const a = left(subject);
    const b = right(subject);
    if (a === undefined || b === undefined) return false;
    if (typeof a !== "object" && typeof b !== "object") return test(a, b);
    const members = listOf(b);
    return holdsForList(listOf(a), (value) => members.some((item) => test(value, item)), rule);
  };
}

/** Joins the tests of several literals; no literal satisfies nothing. */
export function modifiedTest(modifier: Modifier, tests: readonly Test[]): Test {
  switch (modifier) {
    case "anyof":
      return (value) => tests.some((test) => test(value));
    case "allof":
      return (value) => tests.length > 0 && tests.every((test) => test(value));
    case "oneof":
      return (value) => tests.filter((test) => test(value)).length === 1;
  }
}

function holdsForList(values: readonly Scalar[], test: Test, rule: ListRule): boolean {
  return rule === "every" ? values.every(test) : values.some(test);
}

function listOf(value: Value): readonly Scalar[] {
  return typeof value === "object" ? value : [value];
}
