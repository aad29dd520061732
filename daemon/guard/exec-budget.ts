// SPDX-License-Identifier: Apache-2.0
import type { Container } from "../model/container.ts";
import type { BudgetCounters, BudgetSettings, FloodStatus } from "../model/budget.ts";
import type { ByteString } from "../util/byte-string.ts";

/** A container that has used up its budget of execs, and has not yet been quiet for long enough. */
export interface Flood {
  readonly container: Container;
  /** CLOCK_MONOTONIC when it began, milliseconds. */
  readonly sinceMs: number;
  /** Execs since then. */
  execs: number;
  /** Alerts since then that were repeats: counted, and not sent. */
  suppressed: number;
  /** The same, by rule. */
  readonly byRule: Map<string, number>;
}

/** What tells two alerts of a container apart while a flood lasts. */
export interface AlertIdentity {
  readonly containerId: string;
  readonly rule: string;
  readonly program: ByteString;
}

interface Bucket {
  tokens: number;
  atMs: number;
  flood: Flood | undefined;
  /** When an alert of a rule, or of a rule about a program, was last sent during this flood. */
  readonly toldMs: Map<string, number>;
}

/** Containers whose execs are counted; beyond it those that are quiet are forgotten, then the oldest. */
const containersMax = 4_096;
/** Rules and programs that are told apart in one flood. A rule's first alert is sent all the same. */
const identitiesMax = 256;
/** A repeat is sent once in this time, so that a long flood goes on to be heard of. */
const repeatMs = 60_000;
/** Of a longer path the ends are compared. */
const pathEndLength = 128;

/**
 * Counts the execs of each container against a budget: a bucket of `burst` execs that fills up by `execsPerSecond`. An
 * empty bucket is a flood; it ends when the bucket is half full. It takes no part in what is decided about an exec.
 */
export class ExecBudget {
  #settings: BudgetSettings;
  readonly #buckets = new Map<string, Bucket>();
  readonly #flooded = new Set<Bucket>();
  #floods = 0;
  #suppressed = 0;
  #ended: Flood[] = [];

  constructor(settings: BudgetSettings) {
    this.#settings = settings;
  }

  /** Other numbers, from the next exec on. */
  configure(settings: BudgetSettings): void {
    this.#settings = settings;
  }

  /** Counts one exec of this container, seen at `nowMs` (monotonic); the flood that begins with it, if one does. */
  count(container: Container, nowMs: number): Flood | undefined {
    if (this.#settings.execsPerSecond === 0) return undefined;
    const bucket = this.#bucketOf(container.id, nowMs);
    this.#fill(bucket, nowMs);
    bucket.tokens = Math.max(0, bucket.tokens - 1);
    const { flood } = bucket;
    if (flood !== undefined) {
      flood.execs += 1;
      return undefined;
    }
    if (bucket.tokens >= 1) return undefined;
    this.#floods += 1;
    bucket.flood = { container, sinceMs: nowMs, execs: 1, suppressed: 0, byRule: new Map() };
    this.#flooded.add(bucket);
    return bucket.flood;
  }

  /** Whether this alert repeats one that was sent during a flood of its container: it is counted then. */
  isRepeat({ containerId, rule, program }: AlertIdentity, nowMs: number): boolean {
    const bucket = this.#buckets.get(containerId);
    if (bucket?.flood === undefined) return false;
    const { toldMs, flood } = bucket;
    const wanted = isFresh(toldMs, rule, nowMs) ? rule : `${rule} ${endsOf(program)}`;
    const hasRoom = wanted === rule || toldMs.has(wanted) || toldMs.size < identitiesMax;
    if (hasRoom && isFresh(toldMs, wanted, nowMs)) {
      toldMs.set(wanted, nowMs);
      if (wanted === rule) toldMs.set(`${rule} ${endsOf(program)}`, nowMs);
      return false;
    }
    this.#suppressed += 1;
    flood.suppressed += 1;
    flood.byRule.set(rule, (flood.byRule.get(rule) ?? 0) + 1);
    return true;
  }

  /** The floods that are over by now; each is given once. */
  sweep(nowMs: number): readonly Flood[] {
    for (const bucket of this.#flooded) {
      this.#fill(bucket, nowMs);
      const isOff = this.#settings.execsPerSecond === 0;
      if (isOff || bucket.tokens >= this.#settings.burst / 2) this.#end(bucket);
    }
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  /** Since the start, and the floods that last. */
  counters(): BudgetCounters {
    const active: FloodStatus[] = [];
    for (const { flood } of this.#flooded) {
      if (flood === undefined) continue;
      const { container, execs, suppressed } = flood;
      active.push({ container: container.name, execs, suppressed });
    }
    return { floods: this.#floods, suppressed: this.#suppressed, active };
  }

  #bucketOf(containerId: string, nowMs: number): Bucket {
    const known = this.#buckets.get(containerId);
    if (known !== undefined) return known;
    if (this.#buckets.size >= containersMax) this.#makeRoom(nowMs);
    const bucket = {
      tokens: this.#settings.burst,
      atMs: nowMs,
      flood: undefined,
      toldMs: new Map<string, number>(),
    };
    this.#buckets.set(containerId, bucket);
    return bucket;
  }

  #fill(bucket: Bucket, nowMs: number): void {
    const { execsPerSecond, burst } = this.#settings;
    const passedMs = Math.max(0, nowMs - bucket.atMs);
    bucket.tokens = Math.min(burst, bucket.tokens + (passedMs * execsPerSecond) / 1_000);
    bucket.atMs = Math.max(bucket.atMs, nowMs);
  }

  #end(bucket: Bucket): void {
    if (bucket.flood === undefined) return;
    this.#ended.push(bucket.flood);
    this.#flooded.delete(bucket);
    bucket.flood = undefined;
    bucket.toldMs.clear();
  }

  // A bucket that is full is as good as none.
  #makeRoom(nowMs: number): void {
    for (const [id, bucket] of this.#buckets) {
      this.#fill(bucket, nowMs);
      if (bucket.flood === undefined && bucket.tokens >= this.#settings.burst)
        this.#buckets.delete(id);
    }
    for (const [id, bucket] of this.#buckets) {
      if (this.#buckets.size < containersMax) return;
      this.#end(bucket);
      this.#buckets.delete(id);
    }
  }
}

function isFresh(toldMs: ReadonlyMap<string, number>, key: string, nowMs: number): boolean {
  const atMs = toldMs.get(key);
  return atMs === undefined || nowMs - atMs >= repeatMs;
}

function endsOf(path: ByteString): string {
  if (path.length <= 2 * pathEndLength) return path;
  return `${path.slice(0, pathEndLength)} ${path.length} ${path.slice(-pathEndLength)}`;
}
