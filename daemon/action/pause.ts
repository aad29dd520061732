// SPDX-License-Identifier: Apache-2.0
import type { Executor } from "./action.ts";
import { callOnContainer, checkContainer } from "./container-call.ts";

/** Freezes every process of the container (docker pause); `docker unpause` lets it go on. */
export const pause: Executor = {
  description: "freeze every process of the container",
  order: 2,
  on: "container",
  check: checkContainer,
  run: (call) => callOnContainer(call, (id) => call.tools.runtime.pause(id, call.tools.timeoutMs)),
};
