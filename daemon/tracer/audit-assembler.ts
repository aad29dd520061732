// SPDX-License-Identifier: Apache-2.0
import { execOf, type AuditExec } from "./audit-exec.ts";
import { auditType, type AuditRecord } from "./audit-record.ts";

/** Counters of the assembler, since the start. */
export interface AssemblerCounters {
  /** Execs put together. */
  readonly execs: number;
  /** Events that were no exec, or of which the first record is missing. */
  readonly others: number;
  /** Events whose end never came: judged by what there is. */
  readonly unended: number;
  /** Records that came after their event had been given out. */
  readonly late: number;
  /** Records without room. */
  readonly dropped: number;
}

/** Bounds of what is gathered. */
export interface AssemblerLimits {
  readonly eventsMax: number;
  readonly recordsMax: number;
  /** How long an event waits for its end. */
  readonly ageMs: number;
}

interface Gathering {
  readonly records: AuditRecord[];
  readonly sinceMs: number;
}

// 2 MiB of arguments in pieces of 7,500 digits are some 600 records.
const defaultLimits: AssemblerLimits = { eventsMax: 1_024, recordsMax: 1_024, ageMs: 500 };
/** Events given out lately: what comes for one of them is late, and begins nothing. */
const givenMax = 1_024;

/** Gathers the records of each event, which may be interleaved with others', until its end. */
export class AuditAssembler {
  readonly #limits: AssemblerLimits;
  readonly #gathering = new Map<string, Gathering>();
  readonly #given = new Set<string>();
  readonly #counters = { execs: 0, others: 0, unended: 0, late: 0, dropped: 0 };

  constructor(limits: AssemblerLimits = defaultLimits) {
    this.#limits = limits;
  }

  /** Takes a record; returns the exec that it completes. */
  add(record: AuditRecord, nowMs: number): AuditExec | undefined {
    const { event, type } = record;
    if (type === auditType.end) return this.#give(event);
    const known = this.#gathering.get(event);
    if (known !== undefined) {
      if (known.records.length < this.#limits.recordsMax) known.records.push(record);
      else this.#counters.dropped += 1;
      return undefined;
    }
    if (this.#given.has(event)) {
      this.#counters.late += 1;
      return undefined;
    }
    let pushedOut: AuditExec | undefined;
    if (this.#gathering.size >= this.#limits.eventsMax) pushedOut = this.#giveOldest();
    this.#gathering.set(event, { records: [record], sinceMs: nowMs });
    return pushedOut;
  }

  /** Gives out what has waited for its end too long. */
  sweep(nowMs: number): readonly AuditExec[] {
    const execs: AuditExec[] = [];
    for (const [, { sinceMs }] of this.#gathering) {
      if (nowMs - sinceMs < this.#limits.ageMs) break;
      const exec = this.#giveOldest();
      if (exec !== undefined) execs.push(exec);
    }
    return execs;
  }

  /** Events that wait for their end. */
  get size(): number {
    return this.#gathering.size;
  }

  counters(): AssemblerCounters {
    return { ...this.#counters };
  }

  #giveOldest(): AuditExec | undefined {
    const oldest = this.#gathering.keys().next();
    if (oldest.done === true) return undefined;
    this.#counters.unended += 1;
    return this.#give(oldest.value);
  }

  #give(event: string): AuditExec | undefined {
    const gathered = this.#gathering.get(event);
    if (gathered === undefined) return undefined;
    this.#gathering.delete(event);
    this.#given.add(event);
    if (this.#given.size > givenMax) {
      const oldest = this.#given.keys().next();
      if (oldest.done !== true) this.#given.delete(oldest.value);
    }
    const exec = execOf(gathered.records);
    if (exec === undefined) this.#counters.others += 1;
    else this.#counters.execs += 1;
    return exec;
  }
}
