// SPDX-License-Identifier: Apache-2.0
import type { Action } from "../model/alert.ts";
import type { ActionOf, Executor } from "./action.ts";
import { deny } from "./deny.ts";
import { disconnect } from "./disconnect.ts";
import { hook } from "./hook.ts";
import { killContainer } from "./kill-container.ts";
import { killProcess, killProcessTree } from "./kill-process.ts";
import { notify } from "./notify.ts";
import { pause, unpause } from "./pause.ts";
import { restart, stop } from "./stop.ts";

/** Every action there is, by its kind. */
const registry = {
  deny,
  "kill-process": killProcess,
  "kill-process-tree": killProcessTree,
  pause,
  disconnect,
  "kill-container": killContainer,
  stop,
  restart,
  unpause,
  hook,
  notify,
} as const satisfies { readonly [K in Action["kind"]]: Executor<ActionOf<K>> };

/** The row of an action's kind; its functions take actions of that kind. */
export function executorOf({ kind }: Action): Executor {
  return registry[kind];
}
