// SPDX-License-Identifier: Apache-2.0
import type { Action, Outcome } from "../model/alert.ts";
import type { ActionResult, ActionTarget, ActionTools, Executor } from "./action.ts";
import { createLanes } from "./lanes.ts";
import { executorOf } from "./registry.ts";
import { createSlots } from "./slots.ts";
import { createTurns, tooMany } from "./turns.ts";

/** Bounds of the runner. */
export interface ActionLimits {
  /** For one action with all its tries, waiting for its turn left out. The engine is asked to keep it too. */
  readonly timeoutMs: number;
  /** Actions at work at the same time, hooks left out. */
  readonly concurrentMax: number;
  /** Actions that wait for their turn; what comes beyond fails at once. */
  readonly waitingMax: number;
  readonly hooksConcurrentMax: number;
  readonly hooksWaitingMax: number;
  /** Before the second try where the engine could not be reached. */
  readonly retryDelayMs: number;
  readonly retryDelayMaxMs: number;
}

/** Bounds for a machine of ordinary size. `docker stop` alone takes ten seconds where the signal is ignored. */
export const defaultActionLimits: ActionLimits = {
  timeoutMs: 15_000,
  concurrentMax: 16,
  waitingMax: 1000,
  hooksConcurrentMax: 4,
  hooksWaitingMax: 256,
  retryDelayMs: 100,
  retryDelayMaxMs: 2_000,
};

/** What is under way now, and how often something was tried again since the start. */
export interface AttemptCounters {
  readonly running: number;
  readonly waiting: number;
  readonly hooksRunning: number;
  readonly hooksWaiting: number;
  readonly retries: number;
}

/** Something to do to a container, in the order of its lane. */
export interface LaneWork {
  readonly containerId: string;
  /** The same work has the same key. */
  readonly key: string;
  /** Said as in `cannot <what>: …`. */
  readonly what: string;
  readonly extraTimeMs?: number;
  readonly work: (timeoutMs: number) => Promise<ActionResult>;
}

/** Tries single actions. */
export interface Attempts {
  /** Never rejects; joins an attempt at the same thing that is under way. `outcomes` are those of the alert so far. */
  attempt(
    action: Action,
    target: ActionTarget,
    outcomes: readonly Outcome[],
  ): Promise<ActionResult>;
  /** Does something else to a container, behind the actions on it. Never rejects. */
  inLane(work: LaneWork): Promise<ActionResult>;
  counters(): AttemptCounters;
}

/** Wires executors to a bounded number of turns, tries and a timeout. */
export function createAttempts(tools: ActionTools, limits: ActionLimits): Attempts {
  const { concurrentMax, waitingMax, hooksConcurrentMax, hooksWaitingMax } = limits;
  const slots = createSlots({ countMax: concurrentMax, waitingMax });
  const hookSlots = createSlots({ countMax: hooksConcurrentMax, waitingMax: hooksWaitingMax });
  const lanes = createLanes<ActionResult>(waitingMax);
  const underWay = new Map<string, Promise<ActionResult>>();
  const turns = createTurns(limits);
  function joined(key: string, start: () => Promise<ActionResult>): Promise<ActionResult> {
    const running = underWay.get(key);
    if (running !== undefined) return running;
    const started = start().finally(() => underWay.delete(key));
    underWay.set(key, started);
    return started;
  }

  function inLane({ containerId, key, what, extraTimeMs = 0, work }: LaneWork) {
    const timeoutMs = limits.timeoutMs + extraTimeMs;
    const start = (): Promise<ActionResult> => turns.act({ slots, what, timeoutMs, work });
    return lanes.run(containerId, key, start) ?? Promise.resolve(tooMany(what));
  }

  return {
    attempt(action, target, outcomes) {
      const executor: Executor = executorOf(action);
      const call = { action, target, tools, outcomes };
      const obstacle = executor.check({ ...call, timeoutMs: limits.timeoutMs });
      if (obstacle !== undefined)
        return Promise.resolve({ status: "not-possible", detail: obstacle });
      const what = action.kind.replaceAll("-", " ");
      const extraTimeMs = executor.extraTimeMs?.(action) ?? 0;
      const timeoutMs = limits.timeoutMs + extraTimeMs;
      const work = (leftMs: number): Promise<ActionResult> =>
        executor.run({ ...call, timeoutMs: leftMs });
      switch (executor.on) {
        case "container":
          return inLane({
            ...{ containerId: target.containerId ?? "", what, extraTimeMs, work },
            key: JSON.stringify(action),
          });
        case "process":
          return joined(`${action.kind} ${String(target.pid)} ${String(target.startTicks)}`, () =>
            turns.act({ slots, what, timeoutMs, work }),
          );
        case "program":
          return turns.act({ slots: hookSlots, what: "run the hook", timeoutMs, work });
        case "exec":
        case "outputs":
          return turns.act({ slots, what, timeoutMs, work });
      }
    },
    inLane,
    counters: () => ({
      running: slots.used,
      waiting: slots.waiting,
      hooksRunning: hookSlots.used,
      hooksWaiting: hookSlots.waiting,
      retries: turns.retries(),
    }),
  };
}
