// SPDX-License-Identifier: Apache-2.0
import { BoundedQueue } from "../util/bounded-queue.ts";
import { assert } from "../util/assert.ts";

/** So many may work at the same time, so many may wait; the rest is refused. */
export interface Slots {
  /** Resolves to true when it is this caller's turn, to false at once when too many wait already. */
  acquire(): Promise<boolean>;
  /** Gives the turn to the next one. Exactly once for each granted `acquire`. */
  release(): void;
  /** Turns that are taken now. */
  readonly used: number;
  /** Those who wait for one. */
  readonly waiting: number;
}

/** Builds a counting semaphore with a bounded, first-come-first-served line. */
export function createSlots(limits: {
  readonly countMax: number;
  readonly waitingMax: number;
}): Slots {
  const waiting = new BoundedQueue<(isGranted: true) => void>(limits.waitingMax);
  let usedCount = 0;
  return {
    acquire() {
      if (usedCount < limits.countMax) {
        usedCount += 1;
        return Promise.resolve(true);
      }
      return new Promise((resolve) => {
        if (!waiting.push(resolve)) resolve(false);
      });
    },
    release() {
      assert(usedCount > 0, "a slot is released once");
      const next = waiting.shift();
      if (next === undefined) usedCount -= 1;
      else next(true);
    },
    get used() {
      return usedCount;
    },
    get waiting() {
      return waiting.length;
    },
  };
}
