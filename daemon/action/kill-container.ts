// SPDX-License-Identifier: Apache-2.0
import type { ActionOf, Executor } from "./action.ts";
import { callOnContainer, checkContainer } from "./container-call.ts";

/** Kills every process of the container at once, or sends its main process another signal (docker kill). */
export const killContainer: Executor<ActionOf<"kill-container">> = {
  description: "kill every process of the container at once, or send its main process a signal",
  order: 5,
  on: "container",
  check: checkContainer,
  run: (call) => {
    const options = { timeoutMs: call.timeoutMs, signal: call.action.signal };
    return callOnContainer(call, (id) => call.tools.runtime.kill(id, options));
  },
};
