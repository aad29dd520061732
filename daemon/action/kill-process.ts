// SPDX-License-Identifier: Apache-2.0
import type { ActionCall, ActionResult, Executor } from "./action.ts";

/** Kills the one process that matched, and no other that may have got its pid since. */
export const killProcess: Executor = {
  description: "kill the process that matched",
  order: 1,
  on: "process",
  check: () => undefined,
  run: (call) => Promise.resolve(kill(call)),
};

function kill({ target, tools }: ActionCall): ActionResult {
  const result = tools.killProcess(target.pid, target.startTicks);
  if (result.ok) return { status: "done" };
  if (result.error.kind === "gone") return { status: "done", detail: "already gone" };
  return {
    status: "failed",
    detail: `cannot kill process ${target.pid}: ${result.error.message}; the daemon needs CAP_KILL`,
  };
}
