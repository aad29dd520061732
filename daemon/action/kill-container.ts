// SPDX-License-Identifier: Apache-2.0
import type { Executor } from "./action.ts";
import { callOnContainer, checkContainer } from "./container-call.ts";

/** Kills every process of the container at once (docker kill, SIGKILL). */
export const killContainer: Executor = {
  description: "kill every process of the container at once",
  order: 3,
  on: "container",
  check: checkContainer,
  run: (call) => callOnContainer(call, (id) => call.tools.runtime.kill(id, call.tools.timeoutMs)),
};
