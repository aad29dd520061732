// action: does what a decision planned. Comes in: planned actions and their target. Goes out: one outcome each.
// Must not know: rules, policies or why; the engine's API (it has the ContainerRuntime port) or the kernel's.
// SPDX-License-Identifier: Apache-2.0
import type { Action, Outcome } from "../model/alert.ts";
import type { RunHook } from "../model/hook.ts";
import type { ContainerRuntime } from "../model/ports.ts";
import type { Result } from "../util/result.ts";

/** What an action acts on: the process that matched, where there is one, and its container where the engine knows one. */
export interface ActionTarget {
  readonly containerId?: string | undefined;
  /** In the host's pid namespace. */
  readonly pid?: number | undefined;
  /** /proc/PID/stat field 22: with the pid it names a process for ever. */
  readonly startTicks?: bigint | undefined;
  readonly alertUuid: string;
  /** The alert as one line of JSON, with what came of its actions so far. */
  readonly alertJson: (outcomes: readonly Outcome[]) => string;
}

/** Why a process could not be killed. */
export interface KillFailure {
  readonly kind: "gone" | "failed";
  readonly message: string;
}

/** Kills exactly the process that had this pid and start (SIGKILL through a pidfd). */
export type KillProcess = (pid: number, startTicks: bigint) => Result<void, KillFailure>;

/** What was killed with a process. */
export interface KilledTree {
  /** Processes, the first one included. */
  readonly killed: number;
  /** False when it had still more when time or room was over. */
  readonly isComplete: boolean;
}

/** Kills that process and everything that descends from it, also what is forked meanwhile. Never rejects. */
export type KillProcessTree = (
  pid: number,
  startTicks: bigint,
) => Promise<Result<KilledTree, KillFailure>>;

/** What executors work with. */
export interface ActionTools {
  readonly runtime: ContainerRuntime;
  readonly killProcess: KillProcess;
  readonly killProcessTree: KillProcessTree;
  readonly runHook: RunHook;
  /** Names of the configured outputs, as they are now. */
  readonly outputNames: () => readonly string[];
}

/** What an executor reports; the runner adds the action and the time. */
export interface ActionResult extends Pick<Outcome, "status" | "detail" | "hook" | "undo"> {
  /** True for a failure that may pass: it is tried again while there is time. */
  readonly isRetryable?: boolean;
}

/** One call of an executor. */
export interface ActionCall<A extends Action = Action> {
  readonly action: A;
  readonly target: ActionTarget;
  readonly tools: ActionTools;
  /** For this try. */
  readonly timeoutMs: number;
  /** What came of the alert's actions before this one. */
  readonly outcomes: readonly Outcome[];
}

/** One row of the table of actions. */
export interface Executor<A extends Action = Action> {
  /** One sentence for people: what the action does. */
  readonly description: string;
  /** Lower runs first among the actions of one match. */
  readonly order: number;
  /**
   * What the action works on. Actions on one container go one after the other; calls with the same object at the
   * same time are one.
   */
  readonly on: "exec" | "process" | "container" | "outputs" | "program";
  /** Added to the time that an action may take, milliseconds. */
  extraTimeMs?(action: A): number;
  /** Why the action cannot be tried at all; undefined when it can. */
  check(call: ActionCall<A>): string | undefined;
  /** Acts. Never rejects. */
  run(call: ActionCall<A>): Promise<ActionResult>;
}

/** The row's part of an action's type. */
export type ActionOf<K extends Action["kind"]> = Extract<Action, { kind: K }>;
