// SPDX-License-Identifier: Apache-2.0
import type { RuleInfo } from "../model/decision.ts";
import type { Place } from "../model/event.ts";
import { sparedBy } from "./never.ts";
import type { Policy } from "./policy.ts";
import { applies } from "./scope.ts";
import { selects } from "./selector.ts";

/** Why a policy does not apply to a rule at a place; undefined when it does. */
export function standsAsideBecause(
  policy: Policy,
  rule: RuleInfo,
  place: Place,
): string | undefined {
  if (applies(policy, rule, place)) return undefined;
  if (!policy.isEnabled) return "it is disabled";
  if (!policy.selectors.some((selector) => selects(selector, rule)))
    return "none of its rules selects this one";
  return "its scope does not hold here";
}

/** Names of the policies in force whose scope holds at a place, whatever the rule; with what keeps one from acting. */
export function policiesAt(
  place: Place,
  policies: readonly Policy[],
): readonly { readonly name: string; readonly spared?: string }[] {
  return policies
    .filter(({ isEnabled, scope }) => isEnabled && (scope === undefined || scope(place)))
    .map(({ info, never }) => {
      const spared = sparedBy(never, place.container);
      return { name: info.name, ...(spared === undefined ? {} : { spared: spared.text }) };
    });
}
