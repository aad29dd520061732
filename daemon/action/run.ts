// SPDX-License-Identifier: Apache-2.0
import type { Action, Outcome } from "../model/alert.ts";
import type { PlannedAction } from "../model/decision.ts";
import type { Clock, ContainerRuntime, Log } from "../model/ports.ts";
import type { ActionResult, ActionTarget, KillProcess } from "./action.ts";
import { type ActionLimits, createAttempts, defaultActionLimits } from "./attempts.ts";
import { registry } from "./registry.ts";

/** What the runner is built from. */
export interface ActionRunnerOptions {
  readonly runtime: ContainerRuntime;
  readonly killProcess: KillProcess;
  readonly clock: Clock;
  readonly log: Log;
  /** Names of the configured outputs, for `notify`. */
  readonly outputNames: readonly string[];
  readonly limits?: ActionLimits;
}

/** Outcomes since the start, by their status. */
export interface ActionCounters {
  readonly done: number;
  readonly failed: number;
  readonly suppressed: number;
  readonly wouldDo: number;
  readonly notPossible: number;
}

/** Carries out what decisions planned. */
export interface ActionRunner {
  /** Answers with one outcome for each planned action, in the order of the plan. Never rejects. */
  run(planned: readonly PlannedAction[], target: ActionTarget): Promise<readonly Outcome[]>;
  counters(): ActionCounters;
}

/** Builds the runner: bounded, each action timed, the same action on the same container done once at a time. */
export function createActionRunner(options: ActionRunnerOptions): ActionRunner {
  const { clock, log, limits = defaultActionLimits } = options;
  const attempts = createAttempts(options, limits);
  const counts = { done: 0, failed: 0, suppressed: 0, wouldDo: 0, notPossible: 0 };

  async function act(action: Action, target: ActionTarget): Promise<Outcome> {
    const startedMs = clock.monotonicMs();
    const result: ActionResult = await attempts.attempt(action, target);
    const tookMs = clock.monotonicMs() - startedMs;
    if (result.status === "failed") {
      const { containerId: container, pid } = target;
      log.error("action failed", { action: action.kind, container, pid, detail: result.detail });
    }
    return { action, ...result, tookMs };
  }

  return {
    async run(planned, target) {
      const outcomes = new Map<PlannedAction, Outcome>();
      // Two policies may want the same thing: it is done once, and both are told.
      const acted = new Map<string, Outcome>();
      for (const item of inOrder(planned)) {
        const key = JSON.stringify(item.action);
        const outcome = item.status === "do" ? acted.get(key) : finalOutcome(item, item.status);
        const result = outcome ?? (await act(item.action, target));
        if (item.status === "do") acted.set(key, result);
        outcomes.set(item, result);
      }
      const inPlanOrder = planned.flatMap((item) => outcomes.get(item) ?? []);
      for (const { status } of inPlanOrder) counts[counterOf[status]] += 1;
      return inPlanOrder;
    },
    counters: () => ({ ...counts }),
  };
}

function finalOutcome(planned: PlannedAction, status: Outcome["status"]): Outcome {
  const { action, detail } = planned;
  return { action, status, ...(detail === undefined ? {} : { detail }) };
}

const counterOf = {
  done: "done",
  failed: "failed",
  suppressed: "suppressed",
  "would-do": "wouldDo",
  "not-possible": "notPossible",
} as const satisfies Record<Outcome["status"], keyof ActionCounters>;

function inOrder(planned: readonly PlannedAction[]): readonly PlannedAction[] {
  return [...planned].sort((a, b) => registry[a.action.kind].order - registry[b.action.kind].order);
}
