// SPDX-License-Identifier: Apache-2.0
import { assert } from "../util/assert.ts";

/** How much a LimitState may remember. */
export interface LimitBounds {
  /** Cooldowns running at the same time, over all policies and containers. */
  readonly cooldownsMax: number;
  /** Policies whose actions are counted. */
  readonly policiesMax: number;
}

/** What became of the memory, since the start. */
export interface LimitCounters {
  readonly cooldowns: number;
  readonly policies: number;
  /** Entries given up because the memory was full: those limits then start anew. */
  readonly evicted: number;
}

/** One policy in one container. */
export interface CooldownKey {
  readonly policyName: string;
  readonly containerId: string;
}

/**
 * Remembers when policies acted. Time comes in as monotonic milliseconds. When it is full, what is over is swept, then
 * the oldest is given up: rather one action too many than a container that could switch actions off by filling memory.
 */
export interface LimitState {
  /** Milliseconds until the policy may act in this container again; 0 when it may now. */
  cooldownLeftMs(key: CooldownKey, nowMs: number): number;
  startCooldown(key: CooldownKey, untilMs: number, nowMs: number): void;
  /** Counts one action in; false, and not counted, when `max` were taken in the last minute. */
  takeAction(policyName: string, max: number, nowMs: number): boolean;
  /** The policy has other limits now, or is gone: it starts anew. */
  forget(policyName: string): void;
  counters(): LimitCounters;
}

const minuteMs = 60_000;

/** An empty memory. Both bounds are at least 1. */
export function createLimits(bounds: LimitBounds): LimitState {
  assert(bounds.cooldownsMax >= 1 && bounds.policiesMax >= 1, "a limit state holds something");
  const cooldowns = new Map<string, number>();
  const actions = new Map<string, readonly number[]>();
  let evicted = 0;

  function makeRoom<T>(map: Map<string, T>, max: number, isOver: (value: T) => boolean): void {
    if (map.size < max) return;
    for (const [key, value] of map) if (isOver(value)) map.delete(key);
    // A Map keeps the order of insertion, so its first key is the oldest.
    for (const key of map.keys()) {
      if (map.size < max) return;
      map.delete(key);
      evicted += 1;
    }
  }

  return {
    cooldownLeftMs(key, nowMs) {
      return Math.max(0, (cooldowns.get(textOf(key)) ?? nowMs) - nowMs);
    },
    startCooldown(key, untilMs, nowMs) {
      const text = textOf(key);
      cooldowns.delete(text);
      makeRoom(cooldowns, bounds.cooldownsMax, (endMs) => endMs <= nowMs);
      cooldowns.set(text, untilMs);
    },
    takeAction(policyName, max, nowMs) {
      const recent = (actions.get(policyName) ?? []).filter((atMs) => atMs > nowMs - minuteMs);
      if (recent.length >= max) return false;
      actions.delete(policyName);
      makeRoom(actions, bounds.policiesMax, (times) => (times.at(-1) ?? 0) <= nowMs - minuteMs);
      actions.set(policyName, [...recent, nowMs]);
      return true;
    },
    forget(policyName) {
      actions.delete(policyName);
      for (const key of cooldowns.keys()) {
        if (key.slice(key.indexOf(" ") + 1) === policyName) cooldowns.delete(key);
      }
    },
    counters: () => ({ cooldowns: cooldowns.size, policies: actions.size, evicted }),
  };
}

function textOf({ policyName, containerId }: CooldownKey): string {
  return `${containerId} ${policyName}`;
}
