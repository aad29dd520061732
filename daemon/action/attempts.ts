// SPDX-License-Identifier: Apache-2.0
import type { Action } from "../model/alert.ts";
import type { ContainerRuntime } from "../model/ports.ts";
import type { ActionResult, ActionTarget, ActionTools, KillProcess } from "./action.ts";
import { execute, registry } from "./registry.ts";
import { createSlots } from "./slots.ts";

/** Bounds of the runner. */
export interface ActionLimits {
  /** For one action, waiting for its turn left out. The engine is asked to keep it too. */
  readonly timeoutMs: number;
  /** Actions at work at the same time. */
  readonly concurrentMax: number;
  /** Actions that wait for their turn; what comes beyond fails at once. */
  readonly waitingMax: number;
}

/** Bounds for a machine of ordinary size. `docker stop` alone takes ten seconds where the signal is ignored. */
export const defaultActionLimits: ActionLimits = {
  timeoutMs: 15_000,
  concurrentMax: 16,
  waitingMax: 1000,
};

/** What attempts work with. */
export interface AttemptTools {
  readonly runtime: ContainerRuntime;
  readonly killProcess: KillProcess;
  readonly outputNames: readonly string[];
}

/** Tries single actions. */
export interface Attempts {
  /** Never rejects; joins an attempt at the same thing that is under way. */
  attempt(action: Action, target: ActionTarget): Promise<ActionResult>;
}

/** Wires executors to a bounded number of turns and a timeout. */
export function createAttempts(
  { runtime, killProcess, outputNames }: AttemptTools,
  limits: ActionLimits,
): Attempts {
  const { timeoutMs, concurrentMax, waitingMax } = limits;
  const tools: ActionTools = { runtime, killProcess, outputNames, timeoutMs };
  const slots = createSlots({ countMax: concurrentMax, waitingMax });
  const inFlight = new Map<string, Promise<ActionResult>>();

  async function act(action: Action, target: ActionTarget): Promise<ActionResult> {
    if (!(await slots.acquire())) {
      return { status: "failed", detail: `cannot ${action.kind}: too many actions are waiting` };
    }
    try {
      return await withTimeout(execute({ action, target, tools }), action, timeoutMs);
    } catch (error) {
      // An adapter that throws must cost one outcome, not the daemon.
      return { status: "failed", detail: `cannot ${action.kind}: ${String(error)}` };
    } finally {
      slots.release();
    }
  }

  return {
    attempt(action, target) {
      const key = keyOf(action, target);
      if (key === undefined) return act(action, target);
      const running = inFlight.get(key);
      if (running !== undefined) return running;
      const started = act(action, target).finally(() => inFlight.delete(key));
      inFlight.set(key, started);
      return started;
    },
  };
}

function keyOf(action: Action, target: ActionTarget): string | undefined {
  switch (registry[action.kind].on) {
    case "container":
      return `${action.kind} ${target.containerId ?? ""}`;
    case "process":
      return `${action.kind} ${String(target.pid)} ${String(target.startTicks)}`;
    case "exec":
    case "outputs":
      return undefined;
  }
}

/** The engine is asked to keep the time itself; this is for the case that it does not. */
const graceMs = 500;

async function withTimeout(
  work: Promise<ActionResult>,
  action: Action,
  timeoutMs: number,
): Promise<ActionResult> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<ActionResult>((resolve) => {
    timer = setTimeout(() => {
      const detail = `cannot ${action.kind}: no answer within ${timeoutMs} ms; is the engine stuck?`;
      resolve({ status: "failed", detail });
    }, timeoutMs + graceMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
