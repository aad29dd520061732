// SPDX-License-Identifier: Apache-2.0
import type { RuleInfo } from "../model/decision.ts";
import type { Place } from "../model/event.ts";
import { sparedBy } from "./never.ts";
import type { Policy } from "./policy.ts";
import { selects } from "./selector.ts";

/** True when the policy has something to say about this rule at this place. */
export function applies(policy: Policy, rule: RuleInfo, place: Place): boolean {
  return (
    policy.isEnabled &&
    policy.selectors.some((selector) => selects(selector, rule)) &&
    isInScope(policy, place)
  );
}

/**
 * True when some policy could refuse an exec at this place: its gate then has to hold execs for the decision, where it
 * would otherwise let them go at once.
 */
export function couldDeny(
  place: Place,
  policies: readonly Policy[],
  mode: "monitor" | "enforce",
): boolean {
  if (mode === "monitor") return false;
  return policies.some(
    (policy) =>
      policy.isEnabled &&
      policy.info.mode === "enforce" &&
      policy.actions.some(({ kind }) => kind === "deny") &&
      sparedBy(policy.never, place.container) === undefined &&
      isInScope(policy, place),
  );
}

function isInScope({ scope }: Policy, place: Place): boolean {
  return scope === undefined || scope(place);
}
