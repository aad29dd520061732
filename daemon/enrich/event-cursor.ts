// SPDX-License-Identifier: Apache-2.0
import type { EngineFacts } from "../model/engine-event.ts";

/** How far the engine's events were followed, so that a new connection can go on from there. */
export interface EventCursor {
  /** True for an event that was not seen before; remembers it. */
  advance(facts: EngineFacts): boolean;
  /** From when on to ask again, nanoseconds since the epoch. */
  sinceNs(): bigint;
}

/**
 * Creates a cursor that asks from `startNs` first and later from `overlapNs` before the latest event: the engine
 * does not hand events out strictly by their time. What comes twice is told by the last `rememberedMax` events.
 */
export function createEventCursor(options: {
  readonly startNs: bigint;
  readonly overlapNs: bigint;
  readonly rememberedMax: number;
}): EventCursor {
  const seen = new Set<string>();
  let latestNs: bigint | undefined;

  return {
    advance: (facts) => {
      const key = keyOf(facts);
      if (seen.has(key)) return false;
      seen.add(key);
      const [oldest] = seen;
      if (seen.size > options.rememberedMax && oldest !== undefined) seen.delete(oldest);
      if (latestNs === undefined || facts.timeNs > latestNs) latestNs = facts.timeNs;
      return true;
    },
    sinceNs: () => (latestNs === undefined ? options.startNs : latestNs - options.overlapNs),
  };
}

/** Two containers may join a network, and two execs start in a container, within what is left of the nanoseconds. */
function keyOf({ timeNs, type, action, actorId, containerId, execId }: EngineFacts): string {
  return `${timeNs} ${type} ${action} ${actorId} ${containerId ?? ""} ${execId ?? ""}`;
}
