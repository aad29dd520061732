// SPDX-License-Identifier: Apache-2.0

/** How often and how fast a delivery is tried again. */
export interface RetryLimits {
  /** All attempts together, the first one included. */
  readonly attemptsMax: number;
  readonly firstPauseMs: number;
  readonly pauseMaxMs: number;
  /** A receiver that asks for a longer pause than this gets this one. */
  readonly retryAfterMaxMs: number;
}

/** Five attempts within about ten seconds, unless the receiver asks for more time. */
export const defaultRetryLimits: RetryLimits = {
  attemptsMax: 5,
  firstPauseMs: 250,
  pauseMaxMs: 10_000,
  retryAfterMaxMs: 30_000,
};

/** One attempt that failed. */
export interface FailedAttempt {
  /** From 1. */
  readonly attempt: number;
  /** What the receiver asked for, milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * How long to wait: what the receiver asked for (bounded), otherwise twice as long after each attempt, of which
 * the upper half is random (`random` in 0..1), so that many alerts do not come back at once.
 */
export function pauseBeforeRetry(
  { attempt, retryAfterMs }: FailedAttempt,
  limits: RetryLimits,
  random: () => number = Math.random,
): number {
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, limits.retryAfterMaxMs);
  const fullMs = Math.min(limits.firstPauseMs * 2 ** (attempt - 1), limits.pauseMaxMs);
  return fullMs / 2 + (random() * fullMs) / 2;
}

/** Reads a Retry-After header (RFC 9110, 10.2.3: seconds or a date); undefined when it says nothing usable. */
export function readRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined || value === "") return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return seconds >= 0 ? seconds * 1000 : undefined;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
