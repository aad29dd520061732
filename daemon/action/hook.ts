// SPDX-License-Identifier: Apache-2.0
import { formatDuration } from "../util/duration.ts";
import type { HookAction } from "../model/alert.ts";
import type { HookResult } from "../model/hook.ts";
import type { ActionCall, ActionResult, Executor } from "./action.ts";

/** Time that a hook which was told to end has, and whoever starts it, beyond its own timeout. */
const hookReserveMs = 10_000;

/** Runs the operator's own program with the alert as JSON on its standard input. */
export const hook: Executor<HookAction> = {
  description: "run a program with the alert on its standard input",
  order: 9,
  on: "program",
  extraTimeMs: ({ timeoutMs }) => timeoutMs + hookReserveMs,
  check: () => undefined,
  run: runProgram,
};

async function runProgram(call: ActionCall<HookAction>): Promise<ActionResult> {
  const { action, target, tools, outcomes } = call;
  const result = await tools.runHook({
    action,
    environment: {
      EXECWARDEN_ALERT: target.alertUuid,
      EXECWARDEN_CONTAINER: target.containerId ?? "",
    },
    standardInput: `${target.alertJson(outcomes)}\n`,
  });
  if (!result.ok) return { status: "failed", detail: result.error.message };
  const { end } = result.value;
  if (end.exitCode === 0) return { status: "done", hook: end };
  return { status: "failed", detail: endText(action, result.value), hook: end };
}

function endText({ program, timeoutMs }: HookAction, { end, isTimedOut }: HookResult): string {
  const name = program[0] ?? "";
  const said =
    end.stderr === undefined || end.stderr === "" ? "" : `; it said: ${end.stderr.trim()}`;
  if (isTimedOut)
    return `hook ${name} was still running after ${formatDuration(timeoutMs)}, and was ended${said}`;
  const how =
    end.exitCode === undefined
      ? `was ended by ${end.signal ?? "a signal"}`
      : `ended with exit status ${end.exitCode}`;
  return `hook ${name} ${how}${said}`;
}
