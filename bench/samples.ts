// SPDX-License-Identifier: Apache-2.0
import { assert } from "../daemon/util/assert.ts";

/** The value below which this share (0 to 1) of the samples lies; the samples need no order, and must not be none. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  assert(value !== undefined, "there are samples");
  return value;
}

/** The middle one of the samples. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}
