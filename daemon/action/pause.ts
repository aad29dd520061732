// SPDX-License-Identifier: Apache-2.0
import type { ActionOf, Executor } from "./action.ts";
import { callOnContainer, checkContainer } from "./container-call.ts";

/** Freezes every process of the container (docker pause); `execwarden undo` or `docker unpause` lets it go on. */
export const pause: Executor<ActionOf<"pause">> = {
  description: "freeze every process of the container",
  order: 3,
  on: "container",
  check: checkContainer,
  run: (call) =>
    callOnContainer(
      call,
      (id) => call.tools.runtime.pause(id, call.timeoutMs),
      (change) =>
        // What somebody else has paused is not ours to let go on.
        change === "unchanged"
          ? { status: "done", detail: "it was paused already" }
          : { status: "done", undo: { kind: "unpause" } },
    ),
};

/** Lets a paused container go on (docker unpause). */
export const unpause: Executor<ActionOf<"unpause">> = {
  description: "let a paused container go on",
  order: 8,
  on: "container",
  check: checkContainer,
  run: (call) =>
    callOnContainer(
      call,
      (id) => call.tools.runtime.unpause(id, call.timeoutMs),
      (change) =>
        change === "unchanged"
          ? { status: "done", detail: "it was not paused" }
          : { status: "done" },
    ),
};
