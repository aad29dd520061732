// SPDX-License-Identifier: Apache-2.0
import type { ContainerRuntime, RuntimeChange, RuntimeFailure } from "../model/ports.ts";
import { err, ok, type Result } from "../util/result.ts";
import { memberOf } from "../util/unknown-value.ts";
import type { Abortable, ControlledEngine } from "./docker-client.ts";
import { createDockerNetworks } from "./docker-networks.ts";

/** The engine's own grace between SIGTERM and SIGKILL (docker stop). */
const stopGraceMs = 10_000;
/** Kept back from the caller's time for the engine's own work after SIGKILL. */
const stopReserveMs = 1_000;
/** How long the question may take what became of a container that refused. */
const stateTimeoutMs = 1_000;

type Operation = "pause" | "unpause" | "stop" | "restart" | "kill";
type Change = Promise<Result<RuntimeChange, RuntimeFailure>>;

/**
 * The calls that change a container. What is so already is done, and said to be unchanged; a container that does not
 * run any more is `gone`, whichever way the engine's version says so. `stop` gives the container as much of its
 * grace as fits into the timeout.
 */
export function createDockerControl(engine: ControlledEngine): ContainerRuntime {
  const { call, container } = engine;

  async function change(
    operation: Operation,
    id: string,
    { timeoutMs, run }: { timeoutMs: number; run: (options: Abortable) => Promise<unknown> },
  ): Change {
    const what = `${operation} container ${id}`;
    const done = await call({ what, timeoutMs }, (abortSignal) => run({ abortSignal }));
    if (done.ok) return ok("changed");
    if (done.error.kind !== "refused") return done;
    const now = await call(
      { what: `inspect container ${id}`, timeoutMs: Math.min(timeoutMs, stateTimeoutMs) },
      (abortSignal) => container(id).inspect({ abortSignal }),
    );
    if (!now.ok) return err(now.error.kind === "gone" ? now.error : done.error);
    return settleRefusal(operation, readState(now.value), done.error);
  }

  return {
    pause: (id, timeoutMs) =>
      change("pause", id, { timeoutMs, run: (options) => container(id).pause(options) }),
    unpause: (id, timeoutMs) =>
      change("unpause", id, { timeoutMs, run: (options) => container(id).unpause(options) }),
    stop: (id, { timeoutMs, graceMs }) => {
      const t = stopGraceSeconds(timeoutMs, graceMs);
      const run = (options: Abortable): Promise<unknown> => container(id).stop({ ...options, t });
      return change("stop", id, { timeoutMs, run });
    },
    restart: (id, { timeoutMs, graceMs }) => {
      const t = stopGraceSeconds(timeoutMs, graceMs);
      const run = (options: Abortable): Promise<unknown> =>
        container(id).restart({ ...options, t });
      return change("restart", id, { timeoutMs, run });
    },
    kill: (id, { timeoutMs, signal = "SIGKILL" }) => {
      const run = (options: Abortable): Promise<unknown> =>
        container(id).kill({ ...options, signal });
      return change("kill", id, { timeoutMs, run });
    },
    ...createDockerNetworks(engine),
  };
}

/** What of a container's state decides whether a refusal matters. */
interface RunState {
  readonly isRunning: boolean;
  readonly isPaused: boolean;
}

/** Decides what a refusal means, from the state the container is in after it. */
export function settleRefusal(
  operation: Operation,
  state: RunState,
  refusal: RuntimeFailure,
): Result<RuntimeChange, RuntimeFailure> {
  // What does not run can be started again: its refusal is one.
  if (operation === "restart") return err(refusal);
  if (!state.isRunning) return err({ kind: "gone", message: refusal.message });
  if (operation === "pause" && state.isPaused) return ok("unchanged");
  if (operation === "unpause" && !state.isPaused) return ok("unchanged");
  return err(refusal);
}

function stopGraceSeconds(timeoutMs: number, graceMs = stopGraceMs): number {
  const fittingMs = Math.max(0, timeoutMs - stopReserveMs);
  // Whole seconds: what was asked for is rounded up, what fits is rounded down.
  return Math.min(Math.ceil(graceMs / 1_000), Math.floor(fittingMs / 1_000));
}

/** `State` of `GET /containers/{id}/json`; a paused container counts as running there too. */
function readState(details: unknown): RunState {
  const state = memberOf(details, "State");
  return {
    isRunning: memberOf(state, "Running") === true,
    isPaused: memberOf(state, "Paused") === true,
  };
}
