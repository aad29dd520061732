// SPDX-License-Identifier: Apache-2.0

/** How often and how fast a delivery is tried again. */
export interface RetryLimits {
  /** Attempts at an alert that the receiver answers with an error of its own; the first one included. */
  readonly attemptsMax: number;
  /** Upper bound of the first pause. */
  readonly firstPauseMs: number;
  readonly pauseMaxMs: number;
  /** A receiver that asks for a longer pause than this gets this one. */
  readonly retryAfterMaxMs: number;
}

/** As the configuration's defaults. */
export const defaultRetryLimits: RetryLimits = {
  attemptsMax: 10,
  firstPauseMs: 250,
  pauseMaxMs: 30_000,
  retryAfterMaxMs: 600_000,
};

/** One attempt that failed. */
export interface FailedAttempt {
  /** From 1. */
  readonly attempt: number;
  /** What the receiver asked for, milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * How long to wait: what the receiver asked for (bounded), otherwise anything up to a bound that doubles with each
 * attempt ("full jitter", `random` in 0..1), so that what failed together does not come back together.
 */
export function pauseBeforeRetry(
  { attempt, retryAfterMs }: FailedAttempt,
  limits: RetryLimits,
  random: () => number = Math.random,
): number {
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, limits.retryAfterMaxMs);
  const boundMs = Math.min(limits.firstPauseMs * 2 ** Math.min(attempt - 1, 40), limits.pauseMaxMs);
  return random() * boundMs;
}

/** Reads a Retry-After header (RFC 9110, 10.2.3: seconds or a date); undefined when it says nothing usable. */
export function readRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined || value === "") return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return seconds >= 0 ? seconds * 1000 : undefined;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
