// policy: which matches lead to which actions. Comes in: policy files, the allowlist, events with their matches.
// Goes out: policies, allowlist names, Decisions. Must not know: how a rule is judged, how an action is carried out,
// what time it is (nowMs comes in).
// SPDX-License-Identifier: Apache-2.0
import type { Action, AlertPolicy, Priority } from "../model/alert.ts";
import type { Place } from "../model/event.ts";
import type { NeverEntry } from "./never.ts";

/** Which rules a policy is about: one by name, those with a tag, or those at least as severe as a priority. */
export type RuleSelector =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "tag"; readonly tag: string }
  | { readonly kind: "priority"; readonly atLeast: Priority };

/** Bounds on what a policy does to containers and processes. Refusing an exec and notifying are never limited. */
export interface PolicyLimits {
  /** After it acted in a container, the policy leaves that container alone for this long. */
  readonly cooldownMs?: number;
  /** Actions in any 60 seconds, over all containers. */
  readonly actionsPerMinuteMax?: number;
}

/** One policy as it was read; its name is unique. */
export interface Policy {
  /** What an alert tells of it. */
  readonly info: AlertPolicy;
  readonly isEnabled: boolean;
  readonly selectors: readonly RuleSelector[];
  /** Where it holds; absent for everywhere. */
  readonly scope?: (place: Place) => boolean;
  readonly actions: readonly Action[];
  readonly limits: PolicyLimits;
  readonly never: readonly NeverEntry[];
}
