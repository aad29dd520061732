// SPDX-License-Identifier: Apache-2.0
import type { Steps } from "../util/steps.ts";

/** What a piece of work cost. */
export interface SliceTimes {
  /** From the first slice to the last, what came between them included; milliseconds. */
  readonly tookMs: number;
  /** The longest time that nothing else could run, milliseconds. */
  readonly longestSliceMs: number;
}

/** A slice ends after the step in which so much time has passed: an exec may be waiting. */
const sliceMs = 1.5;

/** Does work between the turns of this thread's event loop. Rejects with what a step throws. */
export function runInSlices<T>(
  steps: Steps<T>,
  monotonicMs: () => number,
): Promise<{ readonly value: T } & SliceTimes> {
  const startMs = monotonicMs();
  let longestSliceMs = 0;
  return new Promise((resolve, reject) => {
    const slice = (): void => {
      const fromMs = monotonicMs();
      try {
        let step = steps.next();
        while (step.done !== true && monotonicMs() - fromMs < sliceMs) step = steps.next();
        const nowMs = monotonicMs();
        longestSliceMs = Math.max(longestSliceMs, nowMs - fromMs);
        if (step.done === true) {
          resolve({ value: step.value, tookMs: nowMs - startMs, longestSliceMs });
          return;
        }
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      setImmediate(slice);
    };
    setImmediate(slice);
  });
}
