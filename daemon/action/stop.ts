// SPDX-License-Identifier: Apache-2.0
import type { ActionOf, Executor } from "./action.ts";
import { callOnContainer, checkContainer } from "./container-call.ts";

/** Stops the container as `docker stop` does: its stop signal, then SIGKILL after the grace period. */
export const stop: Executor<ActionOf<"stop">> = {
  description: "stop the container, with its grace period",
  order: 6,
  on: "container",
  extraTimeMs: ({ graceMs = 0 }) => graceMs,
  check: checkContainer,
  run: (call) => {
    const options = { timeoutMs: call.timeoutMs, graceMs: call.action.graceMs };
    return callOnContainer(call, (id) => call.tools.runtime.stop(id, options));
  },
};

/** Stops the container and starts it again (docker restart): from its image, its volumes as they are. */
export const restart: Executor<ActionOf<"restart">> = {
  description: "stop the container, with its grace period, and start it again",
  order: 7,
  on: "container",
  extraTimeMs: ({ graceMs = 0 }) => graceMs,
  check: checkContainer,
  run: (call) => {
    const options = { timeoutMs: call.timeoutMs, graceMs: call.action.graceMs };
    return callOnContainer(call, (id) => call.tools.runtime.restart(id, options));
  },
};
