// That enforcement is paused or goes on is an alert of its own: who relies on a policy must hear that it does not act.
// SPDX-License-Identifier: Apache-2.0
import type { EnforcementChange } from "./enforcement.ts";
import type { Alert } from "./model/alert.ts";
import type { Host } from "./model/event.ts";

/** The names that such alerts have in place of a rule's. */
const ruleNames = { paused: "Enforcement Paused", resumed: "Enforcement Resumed" } as const;

/** What such an alert is made of beside the change. */
export interface EnforcementAlertContext {
  readonly uuid: string;
  readonly timeNs: bigint;
  readonly host: Host;
}

/** Says who paused enforcement, until when and why; or who, or what, resumed it. It has no policies and no actions. */
export function enforcementAlert(
  { state, by }: EnforcementChange,
  { uuid, timeNs, host }: EnforcementAlertContext,
): Alert {
  const { isPaused, untilMs, reason } = state;
  const until = untilMs === undefined ? undefined : new Date(untilMs).toISOString();
  const why = reason === undefined ? "" : ` reason=${reason}`;
  return {
    ...{ uuid, timeNs, host },
    rule: isPaused ? ruleNames.paused : ruleNames.resumed,
    description: isPaused
      ? "Until then nothing is refused and nothing is done to containers."
      : "Policies are enforced again.",
    priority: "Notice",
    source: "execwarden",
    tags: ["enforcement", "execwarden"],
    output: isPaused
      ? `Enforcement is paused (by=${by} until=${until ?? ""}${why})`
      : `Enforcement is resumed (by=${by})`,
    fields: {
      "execwarden.by": by,
      ...(until === undefined ? {} : { "execwarden.until": until }),
      ...(reason === undefined ? {} : { "execwarden.reason": reason }),
    },
    policies: [],
    verdict: "allow",
    isHeld: false,
    outcomes: [],
    ancestors: [],
  };
}
