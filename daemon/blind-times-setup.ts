// Where the times in which something may have gone unseen are learned from.
// SPDX-License-Identifier: Apache-2.0
import { BlindTimes, type Sight } from "./blind-times.ts";
import type { EngineFeed } from "./engine-feed.ts";
import type { ContainerInventory } from "./enrich/containers.ts";
import type { AnyGate } from "./kernel/without-gate.ts";
import type { Clock, Log } from "./model/ports.ts";
import { blindPeriodOf } from "./status.ts";

/** Whom it asks. */
export interface BlindTimesSources {
  readonly gate: AnyGate;
  readonly inventory: ContainerInventory;
  readonly engineFeed: EngineFeed;
}

/** Says in the log when a time begins, beside what the status has. */
export function createBlindTimes(
  clock: Clock,
  log: Log,
  { gate, inventory, engineFeed }: BlindTimesSources,
): BlindTimes {
  const sight = (): Sight => {
    const { lost, markErrors, readErrors } = gate.counters();
    const { isConnected, blind } = inventory.status();
    return {
      ...{ execsLost: lost, execsUnread: readErrors, rootsUnmarked: markErrors },
      engineEventsLost: engineFeed.counters().lost,
      isEngineConnected: isConnected,
      engineBlind: blind === undefined ? undefined : blindPeriodOf(blind),
    };
  };
  return new BlindTimes(clock, sight, ({ what, fromMs, reason }) => {
    const from = new Date(fromMs).toISOString();
    log.warn("something may have gone unseen: see execwarden status", { what, from, reason });
  });
}
