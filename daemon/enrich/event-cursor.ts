// SPDX-License-Identifier: Apache-2.0
import type { EngineEvent } from "./engine-event.ts";

/** How far the engine's events were followed, so that a new connection can go on from there. */
export interface EventCursor {
  /** True for an event that was not seen before; remembers it. */
  advance(event: EngineEvent): boolean;
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
    advance: (event) => {
      const key = `${event.timeNs} ${event.action} ${event.id}`;
      if (seen.has(key)) return false;
      seen.add(key);
      const [oldest] = seen;
      if (seen.size > options.rememberedMax && oldest !== undefined) seen.delete(oldest);
      if (latestNs === undefined || event.timeNs > latestNs) latestNs = event.timeNs;
      return true;
    },
    sinceNs: () => (latestNs === undefined ? options.startNs : latestNs - options.overlapNs),
  };
}
