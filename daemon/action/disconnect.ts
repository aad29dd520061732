// SPDX-License-Identifier: Apache-2.0
import type { UndoStep } from "../model/alert.ts";
import type { Disconnection } from "../model/ports.ts";
import type { ActionOf, ActionResult, Executor } from "./action.ts";
import { callOnContainer, checkContainer } from "./container-call.ts";

/** Takes the container off all its networks (docker network disconnect); it runs on, and reaches nobody. */
export const disconnect: Executor<ActionOf<"disconnect">> = {
  description: "take the container off all its networks",
  order: 4,
  on: "container",
  check: checkContainer,
  run: (call) =>
    callOnContainer(
      call,
      (id) => call.tools.runtime.disconnect(id, call.timeoutMs),
      resultOfDisconnection,
    ),
};

function resultOfDisconnection({ networks, obstacle }: Disconnection): ActionResult {
  const names = networks.map(({ name }) => name).join(", ");
  const step: UndoStep = { kind: "reconnect", networks };
  const undo = networks.length === 0 ? {} : { undo: step };
  if (obstacle === undefined)
    return { status: "done", detail: names === "" ? "it was on no network" : names, ...undo };
  if (networks.length === 0)
    return { status: "not-possible", detail: `cannot disconnect the container: ${obstacle}` };
  return {
    status: "failed",
    detail: `it is off ${names}, and still on others: ${obstacle}`,
    ...undo,
  };
}
