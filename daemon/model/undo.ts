// SPDX-License-Identifier: Apache-2.0
import type { Action } from "./alert.ts";

/** What became of undoing one action of an alert. */
export interface UndoneAction {
  readonly action: Action["kind"];
  /**
   * `undone`: as before. `unchanged`: somebody has undone it already. `nothing-to-undo`: it was not done.
   * `not-possible`: what was done cannot be taken back. `failed`: it can be tried again.
   */
  readonly status: "undone" | "unchanged" | "nothing-to-undo" | "not-possible" | "failed";
  readonly detail?: string;
}

/** The answer to `execwarden undo ALERT`. */
export interface UndoReport {
  /** The alert's uuid. */
  readonly alert: string;
  readonly rule: string;
  readonly container?: { readonly id: string; readonly name: string };
  /** One for each action of the alert, in the alert's order. */
  readonly actions: readonly UndoneAction[];
}
