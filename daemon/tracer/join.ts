// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import { isSameArgv } from "./argv-compare.ts";
import type { AuditExec } from "./audit-exec.ts";

/** An exec as the gate saw it, and what belongs to it for the one who asks. */
export interface JudgedCall<T> {
  readonly pid: number;
  /** Pointers of the call's path and argv, hexadecimal as audit writes them; empty when unknown. */
  readonly call: string;
  /** Milliseconds since the epoch when the gate read it. */
  readonly timeMs: number;
  /** Undefined when it could not be read. */
  readonly argv?: readonly ByteString[];
  readonly isScript: boolean;
  readonly subject: T;
}

/** What both views together say of one exec. */
export type Joined<T> =
  | { readonly kind: "agreed" }
  /** The kernel copied other arguments than were judged. */
  | { readonly kind: "argv-changed"; readonly audit: AuditExec; readonly judged: JudgedCall<T> }
  /** It was allowed and then failed by itself. */
  | { readonly kind: "failed"; readonly audit: AuditExec; readonly judged: JudgedCall<T> }
  /** A program in memory; `judged` when the gate saw its ELF loader. */
  | { readonly kind: "memfd"; readonly audit: AuditExec; readonly judged?: JudgedCall<T> }
  /** The gate has not seen it. */
  | { readonly kind: "gate-missed"; readonly audit: AuditExec }
  /** Audit has not recorded it. */
  | { readonly kind: "audit-missed"; readonly judged: JudgedCall<T> };

/** Counters of the join, since the start. Every exec of either view ends in one of them. */
export interface JoinCounters {
  readonly agreed: number;
  readonly argvChanged: number;
  readonly failed: number;
  readonly memfd: number;
  readonly gateMissed: number;
  readonly auditMissed: number;
  /** Calls that failed, and that the gate had refused or not seen: nothing to compare. */
  readonly neverRan: number;
  /** Given up for want of room. */
  readonly dropped: number;
}

/** Bounds of what waits for the other view. */
export interface JoinLimits {
  readonly waitingMax: number;
  /** How long one view waits for the other, milliseconds. */
  readonly patienceMs: number;
}

const defaultLimits: JoinLimits = { waitingMax: 16_384, patienceMs: 3_000 };
/** Audit tells when the call began, by a clock that steps every 1 to 10 ms; the gate, when it read the event. */
const clockStepMs = 15;
const delayMsMax = 30_000;

interface Waiting<V> {
  value: V;
  readonly sinceMs: number;
}

/**
 * Brings the two views of each exec together: by process, the pointers that the call was made with, and order. Pure:
 * the caller gives the time, from a clock that never goes back.
 */
export class Join<T> {
  readonly #limits: JoinLimits;
  readonly #memfd: () => number | undefined;
  readonly #judged = new Map<number, Waiting<JudgedCall<T>>[]>();
  readonly #recorded = new Map<number, Waiting<AuditExec>[]>();
  #judgedCount = 0;
  #recordedCount = 0;
  readonly #counters = {
    agreed: 0,
    argvChanged: 0,
    failed: 0,
    memfd: 0,
    gateMissed: 0,
    auditMissed: 0,
    neverRan: 0,
    dropped: 0,
  };

  /** `memfd`: the device of programs in memory, where it is known. */
  constructor(memfd: () => number | undefined, limits: JoinLimits = defaultLimits) {
    this.#memfd = memfd;
    this.#limits = limits;
  }

  /** The gate has seen and allowed an exec that audit is to record too. */
  judged(call: JudgedCall<T>, nowMs: number): Joined<T> | undefined {
    const early = this.#recorded.get(call.pid);
    const index = early?.findIndex(({ value }) => isSameCall(value, call)) ?? -1;
    if (early !== undefined && index >= 0) {
      const [found] = early.splice(index, 1);
      this.#recordedCount -= 1;
      if (early.length === 0) this.#recorded.delete(call.pid);
      if (found !== undefined) return this.#count(this.#compare(found.value, call));
    }
    if (this.#judgedCount >= this.#limits.waitingMax) {
      this.#counters.dropped += 1;
      return undefined;
    }
    this.#judgedCount += 1;
    push(this.#judged, call.pid, { value: call, sinceMs: nowMs });
    return undefined;
  }

  /** More is known of the last exec of this process. */
  update(pid: number, subject: T): void {
    const waiting = this.#judged.get(pid)?.at(-1);
    if (waiting !== undefined) waiting.value = { ...waiting.value, subject };
  }

  /** Audit has recorded an exec; undefined while the gate's view of it is waited for. */
  recorded(audit: AuditExec, nowMs: number): Joined<T> | undefined {
    const judged = this.#takeJudged(audit);
    if (this.#isInMemory(audit)) {
      return this.#count({ kind: "memfd", audit, ...(judged === undefined ? {} : { judged }) });
    }
    if (judged !== undefined) return this.#count(this.#compare(audit, judged));
    if (audit.errno !== 0) {
      this.#counters.neverRan += 1;
      return undefined;
    }
    if (this.#recordedCount >= this.#limits.waitingMax) {
      return this.#count({ kind: "gate-missed", audit });
    }
    this.#recordedCount += 1;
    push(this.#recorded, audit.pid, { value: audit, sinceMs: nowMs });
    return undefined;
  }

  /** What has waited for the other view too long. */
  sweep(nowMs: number): readonly Joined<T>[] {
    const untilMs = nowMs - this.#limits.patienceMs;
    const missed = takeOld(this.#judged, untilMs);
    const unseen = takeOld(this.#recorded, untilMs);
    this.#judgedCount -= missed.length;
    this.#recordedCount -= unseen.length;
    return [
      ...unseen.map((audit) => this.#count({ kind: "gate-missed", audit } as const)),
      ...missed.map((judged) => this.#count({ kind: "audit-missed", judged } as const)),
    ];
  }

  /** Execs that wait for the other view. */
  get waiting(): number {
    return this.#judgedCount + this.#recordedCount;
  }

  counters(): JoinCounters {
    return { ...this.#counters };
  }

  #takeJudged(audit: AuditExec): JudgedCall<T> | undefined {
    const waiting = this.#judged.get(audit.pid);
    const index = waiting?.findIndex(({ value }) => isSameCall(audit, value)) ?? -1;
    if (waiting === undefined || index < 0) return undefined;
    const [found] = waiting.splice(index, 1);
    this.#judgedCount -= 1;
    if (waiting.length === 0) this.#judged.delete(audit.pid);
    return found?.value;
  }

  #isInMemory({ files, errno }: AuditExec): boolean {
    const memfd = this.#memfd();
    return errno === 0 && memfd !== undefined && files[0]?.device === memfd;
  }

  #compare(audit: AuditExec, judged: JudgedCall<T>): Joined<T> {
    if (audit.errno !== 0) return { kind: "failed", audit, judged };
    if (judged.argv === undefined || audit.argv === undefined) return { kind: "agreed" };
    return isSameArgv(judged.argv, audit.argv, judged.isScript)
      ? { kind: "agreed" }
      : { kind: "argv-changed", audit, judged };
  }

  #count(joined: Joined<T>): Joined<T> {
    this.#counters[counterOf[joined.kind]] += 1;
    return joined;
  }
}

const counterOf = {
  agreed: "agreed",
  "argv-changed": "argvChanged",
  failed: "failed",
  memfd: "memfd",
  "gate-missed": "gateMissed",
  "audit-missed": "auditMissed",
} as const;

function isSameCall<T>(audit: AuditExec, judged: JudgedCall<T>): boolean {
  const delayMs = judged.timeMs - audit.timeMs;
  if (delayMs < -clockStepMs || delayMs > delayMsMax) return false;
  return judged.call === "" || judged.call === audit.call;
}

function push<V>(map: Map<number, Waiting<V>[]>, pid: number, waiting: Waiting<V>): void {
  const known = map.get(pid);
  if (known === undefined) map.set(pid, [waiting]);
  else known.push(waiting);
}

// Lists are in order of arrival, and the map is nearly so: a process's list may begin later than its neighbour's.
function takeOld<V>(map: Map<number, Waiting<V>[]>, untilMs: number): readonly V[] {
  const old: V[] = [];
  for (const [pid, waiting] of map) {
    const first = waiting.findIndex(({ sinceMs }) => sinceMs > untilMs);
    const count = first < 0 ? waiting.length : first;
    for (const { value } of waiting.splice(0, count)) old.push(value);
    if (waiting.length === 0) map.delete(pid);
  }
  return old;
}
