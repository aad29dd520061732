// SPDX-License-Identifier: Apache-2.0
import type { Action, AlertPolicy, Outcome, Priority, Verdict } from "./alert.ts";

/** What is told of a rule when it matched. */
export interface RuleInfo {
  readonly name: string;
  readonly description: string;
  readonly priority: Priority;
  /** Sorted, without repeats. */
  readonly tags: readonly string[];
  readonly source: string;
}

/** One action that a policy wants, after mode, limits and `never` have had their say. */
export interface PlannedAction {
  readonly action: Action;
  readonly policyName: string;
  /** `do`: carry it out. The others are final outcomes already, and `detail` says why. */
  readonly status: "do" | Extract<Outcome["status"], "would-do" | "suppressed" | "not-possible">;
  readonly detail?: string;
}

/** A rule that matched, the policies that name it, and what they want done. */
export interface MatchDecision {
  readonly rule: RuleInfo;
  readonly policies: readonly AlertPolicy[];
  readonly actions: readonly PlannedAction[];
}

/** The whole answer to one event: `deny` when any planned deny is to be done. */
export interface Decision {
  readonly verdict: Verdict;
  readonly matches: readonly MatchDecision[];
}
