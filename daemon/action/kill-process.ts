// SPDX-License-Identifier: Apache-2.0
import type { ActionCall, ActionOf, ActionResult, Executor, KillFailure } from "./action.ts";

/** Kills the one process that matched, and no other that may have got its pid since. */
export const killProcess: Executor<ActionOf<"kill-process">> = {
  description: "kill the process that matched",
  order: 1,
  on: "process",
  check: checkProcess,
  run: (call) => Promise.resolve(killOne(call)),
};

/** Kills the process that matched and all that descends from it; what is forked meanwhile is found too. */
export const killProcessTree: Executor<ActionOf<"kill-process-tree">> = {
  description: "kill the process that matched, with all its descendants",
  order: 2,
  on: "process",
  check: checkProcess,
  run: killAll,
};

const noProcess: ActionResult = { status: "not-possible", detail: "the event has no process" };

function checkProcess({ target }: ActionCall): string | undefined {
  return target.pid === undefined ? noProcess.detail : undefined;
}

function killOne({ target: { pid, startTicks }, tools }: ActionCall): ActionResult {
  if (pid === undefined || startTicks === undefined) return noProcess;
  const result = tools.killProcess(pid, startTicks);
  return result.ok ? { status: "done" } : resultOfFailure(pid, result.error);
}

async function killAll({ target: { pid, startTicks }, tools }: ActionCall): Promise<ActionResult> {
  if (pid === undefined || startTicks === undefined) return noProcess;
  const result = await tools.killProcessTree(pid, startTicks);
  if (!result.ok) return resultOfFailure(pid, result.error);
  const { killed, isComplete } = result.value;
  const detail = `${killed} ${killed === 1 ? "process" : "processes"}`;
  if (isComplete) return { status: "done", detail };
  return {
    status: "failed",
    detail: `cannot kill all descendants of process ${pid}: ${detail} killed, and there may be more; kill: container ends them all`,
  };
}

function resultOfFailure(pid: number, failure: KillFailure): ActionResult {
  if (failure.kind === "gone") return { status: "done", detail: "already gone" };
  return {
    status: "failed",
    detail: `cannot kill process ${pid}: ${failure.message}; the daemon needs CAP_KILL`,
  };
}
