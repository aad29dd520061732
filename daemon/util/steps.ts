// SPDX-License-Identifier: Apache-2.0

/** Work that can be put down after each step, and taken up again by whoever drives it. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Does all of it at once. */
export function finish<T>(steps: Steps<T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}
