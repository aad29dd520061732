// SPDX-License-Identifier: Apache-2.0

/** Throws when the program itself is wrong. Never for bad input: that is a Diagnostic. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** For the end of an exhaustive switch: the compiler proves that it is unreachable. */
export function unreachable(value: never): never {
  throw new Error(`assertion failed: unexpected ${JSON.stringify(value)}`);
}
