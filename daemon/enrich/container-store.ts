// SPDX-License-Identifier: Apache-2.0
import type { ContainerRecord } from "./container-record.ts";

/** Bounds of what is kept of containers that do not run. */
export interface StoreLimits {
  /** How long a container that the engine has forgotten is still known, milliseconds. */
  readonly goneKeepMs: number;
  /** How many containers that do not run are known, those that are gone included. */
  readonly stoppedMax: number;
}

/** The containers that are known, by id. What runs is bounded by the engine; what does not run, by the limits. */
export interface ContainerStore {
  get(id: string): ContainerRecord | undefined;
  list(): readonly ContainerRecord[];
  add(record: ContainerRecord): void;
  /** The engine has forgotten it; it is kept for a while yet. */
  markGone(id: string, nowMs: number): void;
  isGone(id: string): boolean;
  /** Lets go of what is over its time or over the bound, and returns the ids. */
  sweep(nowMs: number): readonly string[];
  /** When the next sweep is due; undefined when there is nothing to wait for. */
  nextSweepMs(): number | undefined;
  readonly size: number;
  /** Containers let go of before their time. */
  readonly evictedCount: number;
}

/** Creates an empty store. Times are of one clock that never goes back. */
export function createContainerStore(limits: StoreLimits): ContainerStore {
  const records = new Map<string, ContainerRecord>();
  // In the order they went, so the first is the oldest.
  const goneAtMs = new Map<string, number>();
  let evictedCount = 0;

  function remove(id: string): string {
    records.delete(id);
    goneAtMs.delete(id);
    return id;
  }

  function expire(nowMs: number): readonly string[] {
    const expired: string[] = [];
    for (const [id, atMs] of goneAtMs) {
      if (atMs + limits.goneKeepMs > nowMs) break;
      expired.push(id);
    }
    return expired.map(remove);
  }

  function evict(): readonly string[] {
    const stopped = [...records.values()].filter((record) => record.isStopped);
    const excess = stopped.length - limits.stoppedMax;
    if (excess <= 0) return [];
    const rank = (record: ContainerRecord): number => (goneAtMs.has(record.id) ? 0 : 1);
    const victims = stopped.sort((a, b) => rank(a) - rank(b)).slice(0, excess);
    evictedCount += victims.length;
    return victims.map(({ id }) => remove(id));
  }

  return {
    get: (id) => records.get(id),
    list: () => [...records.values()],
    add: (record) => {
      records.set(record.id, record);
    },
    markGone: (id, nowMs) => {
      if (records.has(id) && !goneAtMs.has(id)) goneAtMs.set(id, nowMs);
    },
    isGone: (id) => goneAtMs.has(id),
    sweep: (nowMs) => [...expire(nowMs), ...(records.size > limits.stoppedMax ? evict() : [])],
    nextSweepMs: () => {
      const [oldest] = goneAtMs.values();
      return oldest === undefined ? undefined : oldest + limits.goneKeepMs;
    },
    get size() {
      return records.size;
    },
    get evictedCount() {
      return evictedCount;
    },
  };
}
