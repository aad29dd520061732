// action: does what a decision planned. Comes in: planned actions and their target. Goes out: one outcome each.
// Must not know: rules, policies or why; the engine's API (it has the ContainerRuntime port) or the kernel's.
// SPDX-License-Identifier: Apache-2.0
import type { Action, Outcome } from "../model/alert.ts";
import type { ContainerRuntime } from "../model/ports.ts";
import type { Result } from "../util/result.ts";

/** What an action acts on: the process that matched, where there is one, and its container where the engine knows one. */
export interface ActionTarget {
  readonly containerId?: string | undefined;
  /** In the host's pid namespace. */
  readonly pid?: number | undefined;
  /** /proc/PID/stat field 22: with the pid it names a process for ever. */
  readonly startTicks?: bigint | undefined;
}

/** Why a process could not be killed. */
export interface KillFailure {
  readonly kind: "gone" | "failed";
  readonly message: string;
}

/** Kills exactly the process that had this pid and start (SIGKILL through a pidfd). */
export type KillProcess = (pid: number, startTicks: bigint) => Result<void, KillFailure>;

/** What executors work with. */
export interface ActionTools {
  readonly runtime: ContainerRuntime;
  readonly killProcess: KillProcess;
  /** Names of the configured outputs. */
  readonly outputNames: readonly string[];
  readonly timeoutMs: number;
}

/** What an executor reports; the runner adds the action and the time. */
export type ActionResult = Pick<Outcome, "status" | "detail">;

/** One call of an executor. */
export interface ActionCall<A extends Action = Action> {
  readonly action: A;
  readonly target: ActionTarget;
  readonly tools: ActionTools;
}

/** One row of the table of actions. */
export interface Executor<A extends Action = Action> {
  /** One sentence for people: what the action does. */
  readonly description: string;
  /** Lower runs first among the actions of one match. */
  readonly order: number;
  /** What the action works on: calls with the same object at the same time are one. */
  readonly on: "exec" | "process" | "container" | "outputs";
  /** Why the action cannot be tried at all; undefined when it can. */
  check(call: ActionCall<A>): string | undefined;
  /** Acts. Never rejects. */
  run(call: ActionCall<A>): Promise<ActionResult>;
}
