// Keeps the last times in which something may have gone unseen, and why.
// SPDX-License-Identifier: Apache-2.0
import type { RunRecord } from "./host/run-record.ts";
import type { BlindTime } from "./model/blind-time.ts";
import type { Clock } from "./model/ports.ts";

/** How much is seen now; counters since the start. */
export interface Sight {
  /** Execs that did not fit into the hand-over buffer. */
  readonly execsLost: number;
  /** Execs that the kernel refused, since it found no descriptor for us. */
  readonly execsUnread: number;
  /** Container roots that could not be marked. */
  readonly rootsUnmarked: number;
  readonly engineEventsLost: number;
  readonly isEngineConnected: boolean;
  /** The last time in which the engine may have told something that was not heard. */
  readonly engineBlind?: { readonly fromMs: number; readonly toMs: number } | undefined;
}

const timesMax = 16;
/** Times of the same reason that follow so closely are one. */
const joinMs = 5_000;

const counted = [
  { key: "execsLost", what: "execs", reason: "execs came faster than they were taken" },
  {
    key: "execsUnread",
    what: "execs",
    reason: "no descriptor was left: the kernel refused execs, unjudged",
  },
  { key: "rootsUnmarked", what: "execs", reason: "the root of a container could not be marked" },
  { key: "engineEventsLost", what: "engine", reason: "events came faster than they were judged" },
] as const satisfies readonly {
  readonly key: keyof Sight;
  readonly what: BlindTime["what"];
  readonly reason: string;
}[];

/** Compares what is seen from one look to the next. */
export class BlindTimes {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #sight: () => Sight;
  readonly #tell: (time: BlindTime) => void;
  readonly #times: BlindTime[] = [];
  #last: { readonly sight: Sight; readonly atMs: number } | undefined;
  #engineAwaySinceMs: number | undefined;

  /** `tell` hears of each time that begins. */
  constructor(
    clock: Pick<Clock, "nowMs">,
    sight: () => Sight,
    tell: (time: BlindTime) => void = () => undefined,
  ) {
    this.#clock = clock;
    this.#sight = sight;
    this.#tell = tell;
  }

  /** Adds a time that is known from elsewhere; false where it goes on with the one before. */
  add(time: BlindTime): boolean {
    const last = this.#times.at(-1);
    const isSame = last?.what === time.what && last.reason === time.reason;
    if (isSame && last.toMs !== undefined && time.fromMs <= last.toMs + joinMs) {
      this.#times[this.#times.length - 1] = { ...time, fromMs: Math.min(last.fromMs, time.fromMs) };
      return false;
    }
    this.#times.push(time);
    if (this.#times.length > timesMax) this.#times.shift();
    return true;
  }

  /** Looks again: to be called every second or so. */
  look(): void {
    const nowMs = this.#clock.nowMs();
    const sight = this.#sight();
    const { sight: before, atMs } = this.#last ?? { sight: undefined, atMs: nowMs };
    // The clock may have been set back meanwhile.
    const fromMs = Math.min(atMs, nowMs);
    for (const { key, what, reason } of counted) {
      if (sight[key] > (before?.[key] ?? 0)) this.#note({ what, fromMs, toMs: nowMs, reason });
    }
    const { isEngineConnected, engineBlind } = sight;
    this.#engineAwaySinceMs = isEngineConnected ? undefined : (this.#engineAwaySinceMs ?? nowMs);
    if (engineBlind !== undefined && engineBlind.toMs !== before?.engineBlind?.toMs) {
      const reason = "the engine was away, and had forgotten what it told then";
      this.#note({ what: "engine", ...engineBlind, reason });
    }
    this.#last = { sight, atMs: nowMs };
  }

  #note(time: BlindTime): void {
    if (this.add(time)) this.#tell(time);
  }

  /** The last of them, oldest first; those that last at the end. */
  list(): readonly BlindTime[] {
    const fromMs = this.#engineAwaySinceMs;
    if (fromMs === undefined) return [...this.#times];
    return [...this.#times, { what: "engine", fromMs, reason: "the engine is away" }];
  }
}

/** The time between the last sign of life of the daemon before this one and the moment that this one guards. */
export function blindBefore(
  { bootId, beatMs, isStopped }: RunRecord,
  now: {
    readonly bootId: string;
    readonly atMs: number;
    /** The execs of containers that ran then have waited. */
    readonly isTakenOver: boolean;
  },
): BlindTime {
  const end = isStopped ? "the daemon was stopped" : "the daemon ended suddenly";
  const kept = now.isTakenOver ? `${end}; only containers that were started then went unseen` : end;
  const reason = bootId === now.bootId ? kept : `${end}, and the host was started anew`;
  // The clock may have been set back meanwhile.
  return { what: "execs", fromMs: Math.min(beatMs, now.atMs), toMs: now.atMs, reason };
}
