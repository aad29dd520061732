// SPDX-License-Identifier: Apache-2.0
import type { Checked, Predicate } from "./checked.ts";

/** Compiles the conditions of one set of rules. */
export interface Compiler<E> {
  compile(checked: Checked<E>): Predicate<E>;
}

/** A compiler that builds each shared part (a macro) once. The predicates touch no syntax at run time. */
export function createCompiler<E>(): Compiler<E> {
  const known = new Map<Checked<E>, Predicate<E>>();
  const compile = (checked: Checked<E>): Predicate<E> => {
    const found = known.get(checked);
    if (found !== undefined) return found;
    const predicate = build(checked, compile);
    known.set(checked, predicate);
    return predicate;
  };
  return { compile };
}

function build<E>(checked: Checked<E>, compile: (part: Checked<E>) => Predicate<E>): Predicate<E> {
  switch (checked.kind) {
    case "constant":
      return checked.value ? () => true : () => false;
    case "leaf":
      return checked.test;
    case "not": {
      const inner = compile(checked.operand);
      return (subject) => !inner(subject);
    }
    case "and":
      return all(cheapestFirst(checked.operands).map(compile));
    case "or":
      return any(cheapestFirst(checked.operands).map(compile));
  }
}

/** Checks have no effects, so their order is free. */
function cheapestFirst<E>(operands: readonly Checked<E>[]): readonly Checked<E>[] {
  const costs = new Map(operands.map((operand) => [operand, costOf(operand)]));
  return [...operands].sort((a, b) => (costs.get(a) ?? 0) - (costs.get(b) ?? 0));
}

function costOf<E>(checked: Checked<E>): number {
  switch (checked.kind) {
    case "constant":
      return 0;
    case "leaf":
      return checked.cost;
    case "not":
      return costOf(checked.operand);
    case "and":
    case "or":
      return checked.operands.reduce((sum, operand) => sum + costOf(operand), 0);
  }
}

// Two parts are what most groups have: they need no loop.
function all<E>(parts: readonly Predicate<E>[]): Predicate<E> {
  const [first, second, third] = parts;
  if (first !== undefined && second !== undefined && third === undefined) {
    return (subject) => first(subject) && second(subject);
  }
  return (subject) => {
    for (const part of parts) if (!part(subject)) return false;
    return true;
  };
}

function any<E>(parts: readonly Predicate<E>[]): Predicate<E> {
  const [first, second, third] = parts;
  if (first !== undefined && second !== undefined && third === undefined) {
    return (subject) => first(subject) || second(subject);
  }
  return (subject) => {
    for (const part of parts) if (part(subject)) return true;
    return false;
  };
}
