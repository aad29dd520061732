// SPDX-License-Identifier: Apache-2.0
import type { Container } from "../model/container.ts";
import type { EngineFacts } from "../model/engine-event.ts";
import { readAttributes, type Lifecycle } from "./container-facts.ts";
import { ContainerRecord } from "./container-record.ts";
import { withoutForged, type HeardEvent } from "./engine-event.ts";
import { LookAlikes } from "./look-alikes.ts";

/** Who is told what the engine told; `container` where the event is about one that the inventory does not know. */
export type EngineEventListener = (facts: EngineFacts, container?: Container) => void;

/** What the inventory knows of the container of an event. */
export interface KnownBefore {
  /** As it is after the event. */
  readonly known: Container | undefined;
  readonly nameBefore: string | undefined;
}

const notBegun: Lifecycle = { state: "created", pid: undefined, startedNs: undefined };

/** Hands events on, completed by what is known here and less what a container could have put into its own. */
export class EventTeller {
  readonly #listener: EngineEventListener | undefined;
  readonly #lookAlikes = new LookAlikes();

  constructor(listener: EngineEventListener | undefined) {
    this.#listener = listener;
  }

  /** A container has this name. */
  named(id: string, name: string): void {
    this.#lookAlikes.set(id, name);
  }

  /** A container is gone, and its name free. */
  forget(id: string): void {
    this.#lookAlikes.delete(id);
  }

  tell({ facts, attributes }: HeardEvent, before: KnownBefore): void {
    if (this.#listener === undefined) return;
    const { type, containerId: id } = facts;
    if (type !== "container" || id === undefined) {
      this.#listener(facts);
      return;
    }
    const container = before.known ?? describeUnknown(id, attributes);
    const told = {
      ...withoutForged(facts, container.labels),
      ...this.#factsOfNaming(id, facts, before.nameBefore),
    };
    if (before.known === undefined) this.#listener(told, container);
    else this.#listener(told);
  }

  #factsOfNaming(
    id: string,
    { action, name = "" }: EngineFacts,
    nameBefore: string | undefined,
  ): Partial<EngineFacts> {
    if (action !== "create" && action !== "rename") return {};
    const looksLike = this.#lookAlikes.find(id, name);
    // Better than the event's own word, which a label can overwrite.
    const oldName = action === "rename" && nameBefore !== name ? nameBefore : undefined;
    return {
      ...(oldName === undefined ? {} : { oldName }),
      ...(looksLike === undefined ? {} : { looksLike }),
    };
  }
}

/** A container of which only an event tells, such as one that was destroyed before it was listed. */
function describeUnknown(id: string, attributes: unknown): Container {
  const facts = readAttributes(attributes);
  return new ContainerRecord({ id, facts, lifecycle: notBegun }).container;
}
