// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import type { ExecutedFile } from "../model/process.ts";
import type { GateRecord } from "./gate-record.ts";
import { isLoaderPath, loadedProgram, type LoadedProgram } from "./loader.ts";
import { parseStat, parseStatus, type StatFacts, type StatusFacts } from "./proc-text.ts";

/** One event of one exec call, with the facts that were read while it waited. */
export interface TracedExec {
  readonly record: GateRecord;
  readonly stat: StatFacts;
  readonly status: StatusFacts;
  readonly syscall: "execve" | "execveat";
  /** The name the kernel gives the process: the last part of the path it was asked for, 15 bytes. */
  readonly comm: ByteString;
  readonly loginuid?: number;
  /** The file the call opened first, when this event is about its interpreter or ELF loader. */
  readonly first?: ExecutedFile;
  /** It was opened as the interpreter of a script, which this record does not name any more. */
  readonly isFirstInterpreter?: true;
  /** What this event's file is to the call. */
  readonly role: "program" | "interpreter" | "loader";
  /** Set where the program's file is an ELF loader, opened without a program before it. */
  readonly loaded?: LoadedProgram;
}

// Filled in place, as events are (enrich/enrich.ts).
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

interface Call {
  readonly call: string;
  readonly filename: ByteString;
  readonly file: ExecutedFile;
  readonly isScript: boolean;
  /** It was the interpreter of the file before it. */
  readonly isInterpreter: boolean;
  readonly monotonicMs: number;
}

const callsMax = 8192;
const callAgeMsMax = 10_000;
const commBytesMax = 15;
const unsetLoginuid = 4294967295;
const execveatNumbers = new Set([322, 358]);

/**
 * Turns records into traced execs. One call opens several files: a script then its interpreter, a
 * dynamic program then its ELF loader. They are told by thread, registers and path being the same.
 */
export class Tracer {
  readonly #calls = new Map<number, Call>();

  /** Undefined when the process was gone before anything could be read of it. */
  trace(record: GateRecord): TracedExec | undefined {
    const status = parseStatus(record.status);
    const stat = parseStat(record.stat);
    if (status === undefined || stat === undefined) return undefined;
    const first = this.#firstOf(record);
    const loginuid = Number(record.loginuid);
    const isLoader = first === undefined && isLoaderPath(record.file.path);
    const loaded = isLoader ? loadedProgram(record.filename, record.argv, record.cwd) : undefined;
    const traced: Mutable<TracedExec> = {
      record,
      stat,
      status,
      syscall: execveatNumbers.has(record.syscall) ? "execveat" : "execve",
      comm: lastPart(nameOf(record, loaded)),
      role: roleBehind(first),
    };
    if (record.loginuid !== "" && loginuid !== unsetLoginuid) traced.loginuid = loginuid;
    if (first !== undefined) traced.first = first.file;
    if (first?.isInterpreter === true) traced.isFirstInterpreter = true;
    if (loaded !== undefined) traced.loaded = loaded;
    return traced;
  }

  /** A denied call opens nothing more: the thread's next event is a new call, even with equal registers. */
  forget(tid: number): void {
    this.#calls.delete(tid);
  }

  #firstOf(record: GateRecord): Call | undefined {
    const known = this.#calls.get(record.tid);
    const isSame =
      known !== undefined &&
      record.syscall >= 0 &&
      known.call === record.call &&
      known.filename === record.filename &&
      record.monotonicMs - known.monotonicMs < callAgeMsMax &&
      (known.file.inode !== record.file.inode || known.file.device !== record.file.device);
    if (isSame && !known.isScript) return known;
    // A script's interpreter may be a script or a dynamic program itself: its own loader follows.
    this.#calls.delete(record.tid);
    this.#calls.set(record.tid, {
      call: record.call,
      filename: record.filename,
      file: record.file,
      isScript: record.head.startsWith("#!"),
      isInterpreter: isSame,
      monotonicMs: record.monotonicMs,
    });
    if (this.#calls.size > callsMax) {
      const oldest = this.#calls.keys().next();
      if (oldest.done !== true) this.#calls.delete(oldest.value);
    }
    return isSame ? known : undefined;
  }
}

function roleBehind(first: Call | undefined): TracedExec["role"] {
  if (first === undefined) return "program";
  return first.isScript ? "interpreter" : "loader";
}

// What the loader was told to run counts, not the loader.
function nameOf({ filename, file }: GateRecord, loaded: LoadedProgram | undefined): ByteString {
  if (loaded !== undefined && loaded.path !== "") return loaded.path;
  return filename === "" ? file.path : filename;
}

function lastPart(path: ByteString): ByteString {
  return path.slice(path.lastIndexOf("/") + 1).slice(0, commBytesMax);
}
