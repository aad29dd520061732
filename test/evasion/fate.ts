// What became of an attempt, by what was seen of it. Pure.
// SPDX-License-Identifier: Apache-2.0

/** What an attempt may come to. */
export type Fate = "denied" | "detected and killed" | "detected" | "out of reach";

/** A fate, or that the attempt proves nothing: it does not do what it is for, or was told wrongly. */
export type Seen = Fate | "did not work" | "ran, though told as denied" | "told of another";

/** What was seen of an attempt. */
export interface Sight {
  /** Undefined when nothing was told. */
  readonly alert?: {
    readonly verdict: string;
    readonly outcomes: readonly {
      readonly action: string;
      readonly status: string;
      readonly detail?: string;
    }[];
  };
  /** The program has shown that it ran. */
  readonly hasRun: boolean;
  /** It has shown that nothing ended it. */
  readonly hasSurvived: boolean;
  /** It has shown what it shows in any case, and has worked without a guard where it is refused. */
  readonly isAttackSound: boolean;
  /** Names of container and user are as they should be. */
  readonly isNamedRight: boolean;
}

/** What became of it. */
export function fateOf(sight: Sight): Seen {
  const { alert, hasRun, hasSurvived, isAttackSound, isNamedRight } = sight;
  if (!isAttackSound) return "did not work";
  if (alert === undefined) return hasRun ? "out of reach" : "did not work";
  if (!isNamedRight) return "told of another";
  if (alert.verdict === "deny") return hasRun ? "ran, though told as denied" : "denied";
  // What was alive to be killed had been started, whether it came to show it or not.
  const isKilled = alert.outcomes.some(
    ({ action, status, detail }) =>
      action === "kill-process" && status === "done" && detail === undefined,
  );
  if (isKilled && !hasSurvived) return "detected and killed";
  return hasRun ? "detected" : "did not work";
}
