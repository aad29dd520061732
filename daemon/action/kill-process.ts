// SPDX-License-Identifier: Apache-2.0
import type { ActionCall, ActionResult, Executor } from "./action.ts";

/** Kills the one process that matched, and no other that may have got its pid since. */
export const killProcess: Executor = {
  description: "kill the process that matched",
  order: 1,
  on: "process",
  check: ({ target }) => (target.pid === undefined ? noProcess : undefined),
  run: (call) => Promise.resolve(kill(call)),
};

const noProcess = "the event has no process";

function kill({ target: { pid, startTicks }, tools }: ActionCall): ActionResult {
  if (pid === undefined || startTicks === undefined)
    return { status: "not-possible", detail: noProcess };
  const result = tools.killProcess(pid, startTicks);
  if (result.ok) return { status: "done" };
  if (result.error.kind === "gone") return { status: "done", detail: "already gone" };
  return {
    status: "failed",
    detail: `cannot kill process ${pid}: ${result.error.message}; the daemon needs CAP_KILL`,
  };
}
