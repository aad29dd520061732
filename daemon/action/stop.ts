// SPDX-License-Identifier: Apache-2.0
import type { Executor } from "./action.ts";
import { callOnContainer, checkContainer } from "./container-call.ts";

/** Stops the container as `docker stop` does: its stop signal, then SIGKILL after the grace period. */
export const stop: Executor = {
  description: "stop the container, with its grace period",
  order: 4,
  on: "container",
  check: checkContainer,
  run: (call) => callOnContainer(call, (id) => call.tools.runtime.stop(id, call.tools.timeoutMs)),
};
