// SPDX-License-Identifier: Apache-2.0
import { priorities, type Priority } from "../model/alert.ts";
import type { RuleInfo } from "../model/decision.ts";
import type { RuleSelector } from "./policy.ts";

/** True when the selector means the rule. */
export function selects(selector: RuleSelector, rule: RuleInfo): boolean {
  switch (selector.kind) {
    case "name":
      return selector.name === rule.name;
    case "tag":
      return rule.tags.includes(selector.tag);
    case "priority":
      // Most severe first, so at least as severe is at most as far down.
      return priorities.indexOf(rule.priority) <= priorities.indexOf(selector.atLeast);
  }
}

/** A priority by its Falco name in any case, `info` included; undefined for any other text. */
export function parsePriority(text: string): Priority | undefined {
  const name = text.toLowerCase();
  if (name === "info") return "Informational";
  return priorities.find((priority) => priority.toLowerCase() === name);
}
