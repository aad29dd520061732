// SPDX-License-Identifier: Apache-2.0
import type { ActionResult } from "./action.ts";
import type { Slots } from "./slots.ts";
import { tryInTime } from "./tries.ts";

/** One thing to do, when it is its turn. */
export interface Try {
  readonly slots: Slots;
  /** Said as in `cannot <what>: …`. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly work: (timeoutMs: number) => Promise<ActionResult>;
}

/** Does things in their turn: tried while there is time, timed out, and never with an exception. */
export interface Turns {
  act(work: Try): Promise<ActionResult>;
  /** Tries beyond the first, since the start. */
  retries(): number;
}

/** Builds them. */
export function createTurns(limits: {
  readonly retryDelayMs: number;
  readonly retryDelayMaxMs: number;
}): Turns {
  let retries = 0;
  return {
    async act({ slots, what, timeoutMs, work }) {
      if (!(await slots.acquire())) return tooMany(what);
      const options = {
        timeoutMs,
        delayMs: limits.retryDelayMs,
        delayMaxMs: limits.retryDelayMaxMs,
        nowMs: () => performance.now(),
        onRetry: () => {
          retries += 1;
        },
      };
      try {
        return await tryInTime((leftMs) => withTimeout(work(leftMs), what, leftMs), options);
      } catch (error) {
        // An adapter that throws must cost one outcome, not the daemon.
        return { status: "failed", detail: `cannot ${what}: ${String(error)}` };
      } finally {
        slots.release();
      }
    },
    retries: () => retries,
  };
}

/** The answer where the line is too long. */
export function tooMany(what: string): ActionResult {
  return { status: "failed", detail: `cannot ${what}: too many actions are waiting` };
}

/** The engine is asked to keep the time itself; this is for the case that it does not. */
const graceMs = 500;

async function withTimeout(
  work: Promise<ActionResult>,
  what: string,
  timeoutMs: number,
): Promise<ActionResult> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<ActionResult>((resolve) => {
    timer = setTimeout(() => {
      const detail = `cannot ${what}: no answer within ${Math.round(timeoutMs)} ms; is the engine stuck?`;
      resolve({ status: "failed", detail });
    }, timeoutMs + graceMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
