// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";

const pollMs = 5;

/** Waits until a condition holds, at most for `timeoutMs`; answers whether it does. For closing, not for the hot path. */
export async function waitUntil(isDone: () => boolean, timeoutMs: number): Promise<boolean> {
  const endMs = performance.now() + timeoutMs;
  while (!isDone()) {
    if (performance.now() >= endMs) return false;
    await sleep(pollMs);
  }
  return true;
}

/** Waits for `ms`, or until the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
