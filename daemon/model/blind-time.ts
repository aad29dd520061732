// SPDX-License-Identifier: Apache-2.0

/** A time in which something that happened may have gone unseen; milliseconds since the epoch. */
export interface BlindTime {
  /** Execs of containers, or what the engine told. */
  readonly what: "execs" | "engine";
  readonly fromMs: number;
  /** Absent while it lasts. */
  readonly toMs?: number;
  readonly reason: string;
}
