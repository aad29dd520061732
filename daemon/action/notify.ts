// SPDX-License-Identifier: Apache-2.0
import type { Action } from "../model/alert.ts";
import type { ActionCall, ActionResult, Executor } from "./action.ts";

/** The part of an action that names outputs. */
export type NotifyAction = Extract<Action, { kind: "notify" }>;

/** Tells named outputs. Every output gets every alert, so this makes sure that the named ones are there. */
export const notify: Executor<NotifyAction> = {
  description: "send the alert to the named outputs",
  order: 10,
  on: "outputs",
  check: () => undefined,
  run: (call) => Promise.resolve(tell(call)),
};

function tell({ action, tools }: ActionCall<NotifyAction>): ActionResult {
  const outputNames = tools.outputNames();
  const missing = action.outputs.filter((name) => !outputNames.includes(name));
  if (missing.length === 0) return { status: "done" };
  const names = missing.map((name) => `"${name}"`).join(", ");
  const known = outputNames.join(", ");
  return {
    status: "failed",
    detail: `cannot notify ${names}: the configured outputs are ${known}`,
  };
}
