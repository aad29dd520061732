// SPDX-License-Identifier: Apache-2.0
import type { Action } from "../model/alert.ts";
import type { ActionCall, ActionResult, Executor } from "./action.ts";
import { deny } from "./deny.ts";
import { killContainer } from "./kill-container.ts";
import { killProcess } from "./kill-process.ts";
import { notify } from "./notify.ts";
import { pause } from "./pause.ts";
import { stop } from "./stop.ts";

/** Every action there is, by its kind. */
export const registry = {
  deny,
  "kill-process": killProcess,
  pause,
  "kill-container": killContainer,
  stop,
  notify,
} as const satisfies { readonly [K in Action["kind"]]: Executor<Extract<Action, { kind: K }>> };

/** Checks and runs one action by the table's row. Never rejects unless an executor is wrong. */
export async function execute(call: ActionCall): Promise<ActionResult> {
  const { action } = call;
  if (action.kind === "notify") return registry.notify.run({ ...call, action });
  const executor = registry[action.kind];
  const obstacle = executor.check(call);
  if (obstacle !== undefined) return { status: "not-possible", detail: obstacle };
  return executor.run(call);
}
