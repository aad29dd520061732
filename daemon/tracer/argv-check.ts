// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import { compareMemory, isEqualArgv, type ArgvVerdict } from "./argv-compare.ts";
import { parseStat } from "./proc-text.ts";

/** An allowed exec whose command line is to be looked at when it has happened. */
export interface CheckedExec<T> {
  readonly pid: number;
  /** Milliseconds since the epoch when the gate read it. */
  readonly timeMs: number;
  /** /proc/PID/stat while the exec waited: of the program before. */
  readonly stat: ByteString;
  readonly argv: readonly ByteString[];
  readonly isScript: boolean;
  readonly subject: T;
}

/** An exec that audit alone has told of. */
export interface UnjudgedExec {
  readonly pid: number;
  /** When the call began, milliseconds since the epoch, by a clock in steps. */
  readonly timeMs: number;
  readonly argv?: readonly ByteString[];
}

/** Another command line than was judged. */
export interface ArgvFinding<T> {
  readonly verdict: Exclude<ArgvVerdict, "same">;
  readonly argv: readonly ByteString[];
  readonly subject: T;
}

/** Counters of the check, since the start. Every exec taken ends in one of them. */
export interface ArgvCheckCounters {
  readonly same: number;
  readonly changed: number;
  readonly rewritten: number;
  /** Ended, or executed something else, before it could be looked at. */
  readonly gone: number;
  /** Still the old program when the time was over: the exec failed, or takes long. */
  readonly unresolved: number;
  /** Without room. */
  readonly dropped: number;
}

interface Pending<T> {
  exec: CheckedExec<T>;
  readonly startTicks: bigint;
  readonly oldArgv: string;
  dueMs: number;
  waitMs: number;
  /** What was found first: told only when nothing newer has come by the next look. */
  finding?: ArgvFinding<T>;
}

const pendingMax = 4_096;
const unjudgedMax = 1_024;
const firstWaitMs = 2;
const waitFactor = 3;
const lastWaitMs = 500;
/** A newer exec of the same process would have been seen by then. */
const confirmMs = 100;
const perTurn = 16;
/** Audit's clock steps every 1 to 10 ms (join.ts). */
const clockStepMs = 15;

/**
 * Looks at the command line of a process shortly after its exec was allowed. The arguments live at another address
 * after an exec, which tells that it has happened; the start time, that the process is still the one meant.
 */
export class ArgvCheck<T> {
  readonly #read: (pid: number) => { readonly stat: ByteString; readonly argv: ByteString };
  readonly #pending = new Map<number, Pending<T>>();
  /** The last one of each process: audit's word may come before the gate's. */
  readonly #unjudged = new Map<number, UnjudgedExec>();
  readonly #counters = { same: 0, changed: 0, rewritten: 0, gone: 0, unresolved: 0, dropped: 0 };

  /** `read`: stat and arguments of a process as they are now, empty when it is gone. */
  constructor(read: (pid: number) => { readonly stat: ByteString; readonly argv: ByteString }) {
    this.#read = read;
  }

  /** Takes an exec. An earlier one of the same process cannot be looked at any more. */
  add(exec: CheckedExec<T>, nowMs: number): void {
    const startTicks = parseStat(exec.stat)?.startTicks;
    if (this.#pending.delete(exec.pid)) this.#counters.gone += 1;
    const unjudged = this.#unjudged.get(exec.pid);
    if (unjudged !== undefined && isLater(unjudged, exec)) {
      this.#counters.gone += 1;
      return;
    }
    if (this.#pending.size >= pendingMax || startTicks === undefined) {
      this.#counters.dropped += 1;
      return;
    }
    this.#pending.set(exec.pid, {
      exec,
      startTicks,
      oldArgv: argumentsOf(exec.stat).from,
      dueMs: nowMs + firstWaitMs,
      waitMs: firstWaitMs,
    });
  }

  /**
   * Audit has recorded an exec of a process that the gate did not judge (of a program in memory, say): after it the
   * judged arguments are nobody's any more. Where the clocks do not tell which came first, the arguments do.
   */
  executed(later: UnjudgedExec): void {
    this.#unjudged.delete(later.pid);
    this.#unjudged.set(later.pid, later);
    const oldest = this.#unjudged.keys().next();
    if (this.#unjudged.size > unjudgedMax && oldest.done !== true) {
      this.#unjudged.delete(oldest.value);
    }
    const pending = this.#pending.get(later.pid);
    if (pending === undefined || !isLater(later, pending.exec)) return;
    this.#pending.delete(later.pid);
    this.#counters.gone += 1;
  }

  /** More is known of the exec that this process makes. */
  update(pid: number, subject: T): void {
    const pending = this.#pending.get(pid);
    if (pending !== undefined) pending.exec = { ...pending.exec, subject };
  }

  /** Looks at those that are due, some at a time, and returns what differs. */
  turn(nowMs: number): readonly ArgvFinding<T>[] {
    const findings: ArgvFinding<T>[] = [];
    let looked = 0;
    for (const [pid, pending] of this.#pending) {
      if (pending.dueMs > nowMs) continue;
      if (looked >= perTurn) break;
      looked += 1;
      this.#pending.delete(pid);
      const finding = this.#look(pending, nowMs);
      if (finding !== undefined) findings.push(finding);
    }
    return findings;
  }

  /** Execs that wait to be looked at. */
  get waiting(): number {
    return this.#pending.size;
  }

  counters(): ArgvCheckCounters {
    return { ...this.#counters };
  }

  #look(pending: Pending<T>, nowMs: number): ArgvFinding<T> | undefined {
    const { exec, finding } = pending;
    if (finding !== undefined && this.#isOfUnjudged(exec, finding.argv)) {
      this.#counters.gone += 1;
      return undefined;
    }
    if (finding !== undefined) {
      this.#counters[finding.verdict] += 1;
      return finding;
    }
    const { stat, argv } = this.#read(exec.pid);
    if (parseStat(stat)?.startTicks !== pending.startTicks || argv === "") {
      this.#counters.gone += 1;
      return undefined;
    }
    const room = argumentsOf(stat);
    if (room.from === pending.oldArgv) {
      this.#lookAgain(pending, nowMs);
      return undefined;
    }
    const memory = { bytes: argv, length: room.length };
    const verdict = compareMemory(exec.argv, memory, exec.isScript);
    if (verdict === "same") {
      this.#counters.same += 1;
      return undefined;
    }
    const strings = argv.replace(/\0+$/, "").split("\0");
    pending.finding = { verdict, argv: strings, subject: exec.subject };
    pending.dueMs = nowMs + confirmMs;
    this.#pending.set(exec.pid, pending);
    return undefined;
  }

  #isOfUnjudged(exec: CheckedExec<T>, argv: readonly ByteString[]): boolean {
    const unjudged = this.#unjudged.get(exec.pid);
    if (unjudged?.argv === undefined || unjudged.timeMs < exec.timeMs - clockStepMs) return false;
    return isEqualArgv(argv, unjudged.argv);
  }

  #lookAgain(pending: Pending<T>, nowMs: number): void {
    if (pending.waitMs > lastWaitMs) {
      this.#counters.unresolved += 1;
      return;
    }
    pending.waitMs *= waitFactor;
    pending.dueMs = nowMs + pending.waitMs;
    this.#pending.set(pending.exec.pid, pending);
  }
}

function isLater(unjudged: UnjudgedExec, exec: { readonly timeMs: number }): boolean {
  return unjudged.timeMs > exec.timeMs;
}

// Fields 48 and 49 of /proc/PID/stat (proc(5)): arg_start and arg_end.
function argumentsOf(stat: ByteString): { readonly from: string; readonly length: number } {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [from = "", to = ""] = [fields[45], fields[46]];
  return { from, length: Number(to) - Number(from) };
}
