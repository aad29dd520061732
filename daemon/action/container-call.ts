// SPDX-License-Identifier: Apache-2.0
import type { RuntimeFailure } from "../model/ports.ts";
import type { Result } from "../util/result.ts";
import type { ActionCall, ActionResult } from "./action.ts";

/** Asks the engine to do something to the target's container and puts the answer as a result. */
export async function callOnContainer<T>(
  call: ActionCall,
  ask: (containerId: string) => Promise<Result<T, RuntimeFailure>>,
  toResult: (answer: T) => ActionResult = () => ({ status: "done" }),
): Promise<ActionResult> {
  const { containerId } = call.target;
  if (containerId === undefined) return { status: "not-possible", detail: noContainer };
  const result = await ask(containerId);
  return result.ok ? toResult(result.value) : resultOfFailure(call.action.kind, result.error);
}

/** Says why nothing can be done to the target's container; undefined when something can. */
export function checkContainer({ target }: ActionCall): string | undefined {
  return target.containerId === undefined ? noContainer : undefined;
}

const noContainer = "the process is in no container that the engine knows";

const advice = {
  unreachable: "check that the engine runs and answers: docker info",
  refused: "look at the container: docker inspect",
  timeout: "the engine is slow or stuck; look at its log: journalctl -u docker",
} as const satisfies Record<Exclude<RuntimeFailure["kind"], "gone">, string>;

function resultOfFailure(kind: string, failure: RuntimeFailure): ActionResult {
  // What the action was for holds: nothing runs there any more.
  if (failure.kind === "gone") return { status: "done", detail: "already gone" };
  return {
    status: "failed",
    detail: `cannot ${kind.replace("-", " ")}: ${failure.message}; ${advice[failure.kind]}`,
    // A refusal is an answer, and after a timeout there is no time left.
    isRetryable: failure.kind === "unreachable",
  };
}
