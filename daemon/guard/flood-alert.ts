// A flood of execs is one alert when it begins, and one with the counts when it is over: daemon's own, of no rule.
// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import type { BudgetSettings } from "../model/budget.ts";
import type { Alert } from "../model/alert.ts";
import type { Host } from "../model/event.ts";
import type { AlertDraft } from "../model/guard-messages.ts";
import { carriedFields } from "./alert-draft.ts";
import type { Flood } from "./exec-budget.ts";

/** The names that such alerts have in place of a rule's. */
const ruleNames = {
  began: "Exec Flood in Container",
  ended: "Exec Flood in Container Ended",
} as const;

/** When it is told, nanoseconds since the epoch, and where. */
export interface FloodContext {
  readonly timeNs: bigint;
  readonly host: Host;
}

/** Rules named in the alert of a flood's end, those with the most repeats first. */
const rulesToldMax = 5;

/** The alert of a flood that has just begun. */
export function floodBegan(
  flood: Flood,
  { execsPerSecond, burst }: BudgetSettings,
  context: FloodContext,
): AlertDraft {
  const { name } = flood.container;
  return draftOf(flood, context, {
    rule: ruleNames.began,
    description:
      "Alerts that repeat others of this container are counted, not sent, until it ends.",
    priority: "Warning",
    output: `Exec flood in a container: repeats of its alerts are counted until it ends (container=${name} execs_per_second=${execsPerSecond} burst=${burst})`,
    fields: {
      "execwarden.burst": burst,
      "execwarden.execs_per_second": execsPerSecond,
    },
  });
}

/** The alert of a flood that is over, with what it came to; `nowMs` is monotonic. */
export function floodEnded(flood: Flood, nowMs: number, context: FloodContext): AlertDraft {
  const { container, execs, suppressed, sinceMs, byRule } = flood;
  const seconds = Math.max(0, Math.round((nowMs - sinceMs) / 1_000));
  const rules = [...byRule]
    .sort(([, a], [, b]) => b - a)
    .slice(0, rulesToldMax)
    .map(([rule, count]) => `${rule}: ${count}`);
  return draftOf(flood, context, {
    rule: ruleNames.ended,
    description: "How many execs there were, and how many alerts were counted and not sent.",
    priority: "Notice",
    output: `Exec flood in a container is over (container=${container.name} execs=${execs} seconds=${seconds} suppressed=${suppressed} rules=${rules.join(", ")})`,
    fields: {
      "execwarden.execs": execs,
      "execwarden.seconds": seconds,
      "execwarden.suppressed": suppressed,
      "execwarden.suppressed_rules": rules,
    },
  });
}

function draftOf(
  { container }: Flood,
  { timeNs, host }: FloodContext,
  said: Pick<Alert, "rule" | "description" | "priority" | "output" | "fields">,
): AlertDraft {
  const alert: Alert = {
    ...said,
    ...{ uuid: randomUUID(), timeNs, container, host },
    source: "execwarden",
    tags: ["exec_flood", "execwarden"],
    fields: { ...carriedFields(container), ...said.fields },
    policies: [],
    verdict: "allow",
    isHeld: false,
    outcomes: [],
    ancestors: [],
  };
  return { alert, planned: [] };
}
