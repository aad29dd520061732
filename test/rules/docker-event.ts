// SPDX-License-Identifier: Apache-2.0
import type { EngineFacts } from "../../daemon/model/engine-event.ts";
import type { EngineEvent } from "../../daemon/model/event.ts";
import { sampleEvent } from "./sample-event.ts";

/** The facts of a `docker exec` that was created; what matters to a test is given. */
export function engineFacts(changes: Partial<EngineFacts> = {}): EngineFacts {
  return {
    type: "container",
    action: "exec_create",
    actorId: "c".repeat(64),
    scope: "local",
    timeNs: 1_700_000_005_123_456_789n,
    containerId: "c".repeat(64),
    name: "quirky_curie",
    image: "byrnedo/alpine-curl:latest",
    execId: "e".repeat(64),
    execCommand: "sh -c id",
    attributes: { name: "quirky_curie", execID: "e".repeat(64), team: "größe" },
    ...changes,
  };
}

/** An event of the engine in the sample container; without one where the facts name none. */
export function engineEvent(facts: EngineFacts): EngineEvent {
  const { host, container, allowlists } = sampleEvent();
  return {
    kind: "engine",
    number: 1,
    timeNs: facts.timeNs,
    isHeld: false,
    facts,
    host,
    allowlists,
    ...(facts.containerId === undefined || container === undefined ? {} : { container }),
  };
}
