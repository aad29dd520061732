// SPDX-License-Identifier: Apache-2.0
import type { Explanation } from "../../lang/explain.ts";
import type { Decision } from "../../model/decision.ts";
import type { Event } from "../../model/event.ts";
import { allowlistsOf, programListsOf } from "../../policy/allowlist.ts";
import { decide } from "../../policy/decide.ts";
import { createLimits } from "../../policy/limits.ts";
import { standsAsideBecause } from "../../policy/standing.ts";
import type { Rule } from "../../rules/ruleset.ts";
import type { Judgement } from "../judgement.ts";
import { programOf, type ExplainedProgram } from "./program.ts";

/** What the files say of one event. */
export interface PolicyExplanation {
  readonly origin: string;
  readonly mode: "monitor" | "enforce";
  readonly allowlists: readonly string[];
  /** Absent where no list says anything of its programs. */
  readonly program?: ExplainedProgram;
  /** The rules that match, and those that were asked for. */
  readonly rules: readonly ExplainedRule[];
  readonly rulesTried: number;
  readonly decision: Decision;
}

/** One rule and every policy's word on it. */
export interface ExplainedRule {
  readonly rule: Rule;
  readonly matches: boolean;
  /** Why it is not even tried. */
  readonly notTried?: string;
  readonly explanation: Explanation | undefined;
  readonly aside: readonly { readonly policy: string; readonly because: string }[];
}

/** Judges an event as the daemon would, limits fresh; `alsoRule` is explained whether it matches or not. */
export function explainEvent(
  found: Event,
  judgement: Judgement,
  alsoRule: string | undefined,
): PolicyExplanation {
  const { ruleset, policies, mode, origin } = judgement;
  const allowlists = allowlistsOf(found.container, judgement.allowlists);
  const program = programOf(found, programListsOf(found.container, judgement.allowlists));
  const event = { ...found, allowlists, ...(program === undefined ? {} : { program }) };
  const matches = ruleset.match(event);
  const limits = createLimits({ cooldownsMax: 10, policiesMax: 1000 });
  const decision = decide({ event, matches, policies, mode, nowMs: 0, limits });
  const shown = ruleset.rules.filter((rule) => matches.includes(rule) || rule.name === alsoRule);
  return {
    origin,
    mode,
    allowlists: [...allowlists],
    ...(program === undefined ? {} : { program }),
    rulesTried: ruleset.enabled.length,
    decision,
    rules: shown.map((rule) => ({
      rule,
      matches: matches.includes(rule),
      ...notTried(rule, ruleset.enabled),
      explanation: ruleset.explain(rule, event),
      aside: policies.flatMap((policy) => {
        const because = standsAsideBecause(policy, rule, event);
        return because === undefined ? [] : [{ policy: policy.info.name, because }];
      }),
    })),
  };
}

function notTried(rule: Rule, enabled: readonly Rule[]): { readonly notTried?: string } {
  if (rule.inactiveBecause !== undefined) return { notTried: rule.inactiveBecause };
  return enabled.includes(rule) ? {} : { notTried: "it is disabled" };
}
