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
 * The policies in force that refuse on one of these rules. Rules that no exec can match are not to be among them: a
 * policy about the engine's events alone holds up nobody's exec.
 */
export function refusingPolicies(
  policies: readonly Policy[],
  rules: readonly RuleInfo[],
  mode: "monitor" | "enforce",
): readonly Policy[] {
  if (mode === "monitor") return [];
  return policies.filter(
    ({ isEnabled, info, actions, selectors }) =>
      isEnabled &&
      info.mode === "enforce" &&
      actions.some(({ kind }) => kind === "deny") &&
      selectors.some((selector) => rules.some((rule) => selects(selector, rule))),
  );
}

/**
 * True when one of the policies that refuse could do so at this place: its gate then has to hold execs for the
 * decision, where it would otherwise let them go at once.
 */
export function couldDeny(place: Place, refusing: readonly Policy[]): boolean {
  return refusing.some(
    (policy) => sparedBy(policy.never, place.container) === undefined && isInScope(policy, place),
  );
}

function isInScope({ scope }: Policy, place: Place): boolean {
  return scope === undefined || scope(place);
}
