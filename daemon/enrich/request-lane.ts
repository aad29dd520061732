// SPDX-License-Identifier: Apache-2.0
import { BoundedQueue } from "../util/bounded-queue.ts";

/** Runs tasks a few at a time, in the order they came. */
export interface RequestLane {
  /** False, and counted, when too many wait already. `task` must not reject. */
  run(task: () => Promise<void>): boolean;
  /** Forgets what waits. */
  clear(): void;
  readonly droppedCount: number;
}

/** Creates a lane for `runningMax` tasks at a time and `waitingMax` more. */
export function createRequestLane(limits: {
  readonly runningMax: number;
  readonly waitingMax: number;
}): RequestLane {
  let waiting = new BoundedQueue<() => Promise<void>>(limits.waitingMax);
  let running = 0;
  let droppedBefore = 0;

  function next(): void {
    while (running < limits.runningMax) {
      const task = waiting.shift();
      if (task === undefined) return;
      running += 1;
      void task().finally(() => {
        running -= 1;
        next();
      });
    }
  }

  return {
    run: (task) => {
      const isTaken = waiting.push(task);
      next();
      return isTaken;
    },
    clear: () => {
      droppedBefore += waiting.droppedCount;
      waiting = new BoundedQueue(limits.waitingMax);
    },
    get droppedCount() {
      return droppedBefore + waiting.droppedCount;
    },
  };
}
