// SPDX-License-Identifier: Apache-2.0

/** How many execs of one container are no flood. */
export interface BudgetSettings {
  /** How fast the budget is filled up; 0: there is no bound. */
  readonly execsPerSecond: number;
  /** Execs at once. */
  readonly burst: number;
}

/** A flood that lasts. */
export interface FloodStatus {
  readonly container: string;
  /** Execs since it began. */
  readonly execs: number;
  /** Alerts since then that were repeats. */
  readonly suppressed: number;
}

/** Floods since the start, and those that last. */
export interface BudgetCounters {
  readonly floods: number;
  /** Alerts that were counted and not sent, since they repeated others of a flood. */
  readonly suppressed: number;
  readonly active: readonly FloodStatus[];
}
