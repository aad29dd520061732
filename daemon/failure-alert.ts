// An action that failed is an alert of its own: who relies on a policy must hear that it did not act.
// SPDX-License-Identifier: Apache-2.0
import type { Alert, Outcome } from "./model/alert.ts";

/** The name that such alerts have in place of a rule's. */
const failureRuleName = "Action of a Policy Failed";

/** Makes alerts of failed actions. */
export interface FailureAlerts {
  /** One alert for each action of this alert that failed and was not told of lately. */
  of(alert: Alert): readonly Alert[];
}

/** How long the same failure of the same container is only counted. */
const quietMs = 60_000;
/** Failures that are counted at the same time; of the oldest the count is given up. */
const failuresMax = 1_000;

interface Told {
  untilMs: number;
  /** Since it was told last. */
  repeats: number;
}

/** Builds the maker. Its alerts have no actions, so that no failure leads to another alert. */
export function createFailureAlerts(options: {
  readonly nowMs: () => number;
  readonly newUuid: () => string;
}): FailureAlerts {
  const told = new Map<string, Told>();

  /** How often it was not told since the last time; undefined when it is not to be told now. */
  function repeatsToTell(key: string): number | undefined {
    const nowMs = options.nowMs();
    const last = told.get(key);
    if (last !== undefined && nowMs < last.untilMs) {
      last.repeats += 1;
      return undefined;
    }
    told.delete(key);
    const oldest = told.keys().next();
    if (told.size >= failuresMax && oldest.done !== true) told.delete(oldest.value);
    told.set(key, { untilMs: nowMs + quietMs, repeats: 0 });
    return last?.repeats ?? 0;
  }

  return {
    of(alert) {
      return alert.outcomes
        .filter(({ status }) => status === "failed")
        .flatMap((outcome) => {
          const key = `${keyOf(outcome)} ${alert.container?.id ?? ""}`;
          const repeats = repeatsToTell(key);
          return repeats === undefined
            ? []
            : [failureAlert(alert, outcome, { uuid: options.newUuid(), repeats })];
        });
    },
  };
}

function keyOf({ action }: Outcome): string {
  return action.kind === "hook" ? `hook ${action.program[0] ?? ""}` : action.kind;
}

function failureAlert(
  alert: Alert,
  outcome: Outcome,
  { uuid, repeats }: { readonly uuid: string; readonly repeats: number },
): Alert {
  const detail = outcome.detail ?? "no reason given";
  const more = repeats === 0 ? "" : ` repeats=${repeats}`;
  const container = alert.container?.name ?? "";
  return {
    ...alert,
    uuid,
    rule: failureRuleName,
    description: "A policy wanted something done, and it could not be done or not be finished.",
    priority: "Error",
    source: "execwarden",
    tags: ["action_failed", "execwarden"],
    output: `Action of a policy failed (action=${keyOf(outcome)} container=${container} rule=${alert.rule} alert=${alert.uuid} detail=${detail}${more})`,
    fields: {
      ...alert.fields,
      "execwarden.action": outcome.action.kind,
      "execwarden.alert": alert.uuid,
      "execwarden.detail": detail,
      "execwarden.repeats": repeats,
      "execwarden.rule": alert.rule,
    },
    outcomes: [],
  };
}
