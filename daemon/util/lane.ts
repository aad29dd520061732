// SPDX-License-Identifier: Apache-2.0

/** Runs work one after the other, in the order in which it comes. */
export interface Lane {
  /** Resolves or rejects as the work does. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

/** A lane of its own. Who waits in it is bounded by those who use it: each waits for its own work. */
export function createLane(): Lane {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run(work) {
      const mine = last.then(work);
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}
