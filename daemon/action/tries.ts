// SPDX-License-Identifier: Apache-2.0
import type { ActionResult } from "./action.ts";

/** How often and how long something is tried. */
export interface TryOptions {
  /** For all tries and the waits between them. */
  readonly timeoutMs: number;
  /** Before the second try; doubled before each further one, up to `delayMaxMs`. */
  readonly delayMs: number;
  readonly delayMaxMs: number;
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
  readonly onRetry: () => void;
}

/** Below this a further try has no prospect. */
const tryMsMin = 50;

/** Tries until it works, fails for good, or the time is over; the last answer counts and tells how often it was tried. */
export async function tryInTime(
  attempt: (timeoutMs: number) => Promise<ActionResult>,
  options: TryOptions,
): Promise<ActionResult> {
  const endMs = options.nowMs() + options.timeoutMs;
  let { delayMs } = options;
  let leftMs = options.timeoutMs;
  for (let tries = 1; ; tries += 1) {
    const result = await attempt(leftMs);
    const isOver = options.nowMs() + delayMs + tryMsMin > endMs;
    if (result.isRetryable !== true || isOver) return counted(result, tries);
    options.onRetry();
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    delayMs = Math.min(options.delayMaxMs, delayMs * 2);
    leftMs = Math.max(tryMsMin, endMs - options.nowMs());
  }
}

function counted({ isRetryable: _, ...result }: ActionResult, tries: number): ActionResult {
  if (tries === 1) return result;
  const told = result.status === "failed" ? `tried ${tries} times` : `at try ${tries}`;
  return {
    ...result,
    detail: result.detail === undefined ? told : `${result.detail} (${told})`,
  };
}
