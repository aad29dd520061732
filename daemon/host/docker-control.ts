// SPDX-License-Identifier: Apache-2.0
import type { ContainerEngine, RuntimeFailure } from "../model/ports.ts";
import { err, ok, type Result } from "../util/result.ts";
import { memberOf } from "../util/unknown-value.ts";

/** The part of a dockerode container that control needs. */
export interface ControlledContainer {
  pause(options: { readonly abortSignal: AbortSignal }): Promise<unknown>;
  unpause(options: { readonly abortSignal: AbortSignal }): Promise<unknown>;
  stop(options: { readonly abortSignal: AbortSignal; readonly t: number }): Promise<unknown>;
  kill(options: { readonly abortSignal: AbortSignal }): Promise<unknown>;
  inspect(options: { readonly abortSignal: AbortSignal }): Promise<unknown>;
}

/** How a call to the engine is made: bounded in time, failures as results. */
export type CallEngine = <T>(
  call: { readonly what: string; readonly timeoutMs: number },
  run: (abortSignal: AbortSignal) => Promise<T>,
) => Promise<Result<T, RuntimeFailure>>;

/** The engine's own grace between SIGTERM and SIGKILL (docker stop). */
const stopGraceSecondsMax = 10;
/** Kept back from the caller's time for the engine's own work after SIGKILL. */
const stopReserveMs = 1_000;
/** How long the question may take what became of a container that refused. */
const stateTimeoutMs = 1_000;

type Operation = "pause" | "unpause" | "stop" | "kill";
type Control = Pick<ContainerEngine, Operation>;

/**
 * The calls that change a container. What is so already is done; a container that does not run any more is
 * `gone`, whichever way the engine's version says so. `stop` gives the container as much of its 10 s of grace as
 * fits into the timeout.
 */
export function createDockerControl(engine: {
  readonly container: (id: string) => ControlledContainer;
  readonly call: CallEngine;
}): Control {
  const { call } = engine;

  async function change(
    operation: Operation,
    id: string,
    { timeoutMs, run }: { timeoutMs: number; run: (abortSignal: AbortSignal) => Promise<unknown> },
  ): Promise<Result<void, RuntimeFailure>> {
    const done = await call({ what: `${operation} container ${id}`, timeoutMs }, run);
    if (done.ok) return ok(undefined);
    if (done.error.kind !== "refused") return done;
    const what = `inspect container ${id}`;
    const now = await call(
      { what, timeoutMs: Math.min(timeoutMs, stateTimeoutMs) },
      (abortSignal) => engine.container(id).inspect({ abortSignal }),
    );
    if (!now.ok) return err(now.error.kind === "gone" ? now.error : done.error);
    return settleRefusal(operation, readState(now.value), done.error);
  }

  return {
    pause: (id, timeoutMs) =>
      change("pause", id, {
        timeoutMs,
        run: (abortSignal) => engine.container(id).pause({ abortSignal }),
      }),
    unpause: (id, timeoutMs) =>
      change("unpause", id, {
        timeoutMs,
        run: (abortSignal) => engine.container(id).unpause({ abortSignal }),
      }),
    stop: (id, timeoutMs) =>
      change("stop", id, {
        timeoutMs,
        run: (abortSignal) =>
          engine.container(id).stop({ abortSignal, t: stopGraceSeconds(timeoutMs) }),
      }),
    kill: (id, timeoutMs) =>
      change("kill", id, {
        timeoutMs,
        run: (abortSignal) => engine.container(id).kill({ abortSignal }),
      }),
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
): Result<void, RuntimeFailure> {
  if (!state.isRunning) return err({ kind: "gone", message: refusal.message });
  if (operation === "pause" && state.isPaused) return ok(undefined);
  if (operation === "unpause" && !state.isPaused) return ok(undefined);
  return err(refusal);
}

function stopGraceSeconds(timeoutMs: number): number {
  const fitting = Math.floor((timeoutMs - stopReserveMs) / 1_000);
  return Math.max(0, Math.min(stopGraceSecondsMax, fitting));
}

/** `State` of `GET /containers/{id}/json`; a paused container counts as running there too. */
function readState(details: unknown): RunState {
  const state = memberOf(details, "State");
  return {
    isRunning: memberOf(state, "Running") === true,
    isPaused: memberOf(state, "Paused") === true,
  };
}
