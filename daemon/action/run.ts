// SPDX-License-Identifier: Apache-2.0
import type { Action, Outcome } from "../model/alert.ts";
import type { PlannedAction } from "../model/decision.ts";
import type { Clock, Log } from "../model/ports.ts";
import type { ActionTarget, ActionTools } from "./action.ts";
import {
  type ActionLimits,
  type AttemptCounters,
  createAttempts,
  defaultActionLimits,
  type LaneWork,
} from "./attempts.ts";
import type { ActionResult } from "./action.ts";
import { executorOf } from "./registry.ts";

/** What the runner is built from. */
export interface ActionRunnerOptions extends ActionTools {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: ActionLimits;
}

/** Outcomes since the start, by their status, and what is under way. */
export interface ActionCounters extends AttemptCounters {
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
  /** Does something to a container that no policy asked for, behind the actions on it. Never rejects. */
  inLane(work: LaneWork): Promise<ActionResult>;
  counters(): ActionCounters;
}

/**
 * Builds the runner: bounded, each action timed and tried again where the engine is away, actions on one container in
 * order, the same action on the same container done once at a time.
 */
export function createActionRunner(options: ActionRunnerOptions): ActionRunner {
  const { clock, log, limits = defaultActionLimits } = options;
  const attempts = createAttempts(options, limits);
  const counts = { done: 0, failed: 0, suppressed: 0, wouldDo: 0, notPossible: 0 };

  async function act(
    action: Action,
    target: ActionTarget,
    outcomes: readonly Outcome[],
  ): Promise<Outcome> {
    const startedMs = clock.monotonicMs();
    const result = await attempts.attempt(action, target, outcomes);
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
        const result = outcome ?? (await act(item.action, target, [...outcomes.values()]));
        if (item.status === "do") acted.set(key, result);
        outcomes.set(item, result);
      }
      const inPlanOrder = planned.flatMap((item) => outcomes.get(item) ?? []);
      for (const { status } of inPlanOrder) counts[counterOf[status]] += 1;
      return inPlanOrder;
    },
    inLane: (work) => attempts.inLane(work),
    counters: () => ({ ...counts, ...attempts.counters() }),
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
  return [...planned].sort((a, b) => executorOf(a.action).order - executorOf(b.action).order);
}
