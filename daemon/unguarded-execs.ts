// Judges, in the guard thread, the programs that were started while no daemon guarded and still run: as events of their
// own, too late to be refused. Each waits until its container is known, and is left out when the gate has seen it since.
// SPDX-License-Identifier: Apache-2.0
import { nameUsers, type MutableProcess } from "./enrich/enrich.ts";
import { originOf, type ExecSessions } from "./enrich/exec-origin.ts";
import type { Places } from "./enrich/places.ts";
import type { ProcessTree } from "./enrich/process-tree.ts";
import type { UserDirectory } from "./enrich/users.ts";
import type { Contents } from "./guard/contents.ts";
import type { Container } from "./model/container.ts";
import type { ExecEvent, Host } from "./model/event.ts";
import type { Process } from "./model/process.ts";
import type { UnguardedCounters, UnguardedProgram } from "./model/unguarded.ts";
import { isLoaderPath, loadedProgram } from "./tracer/loader.ts";

/** What they are judged with. */
export interface UnguardedExecsOptions {
  readonly places: Places;
  readonly tree: ProcessTree;
  readonly sessions: ExecSessions;
  readonly contents: Pick<Contents, "hasList" | "found">;
  readonly host: Host;
  readonly monotonicMs: () => number;
  /** Whether the engine has yet to tell of what it runs. */
  readonly isEngineAwaited: (nowMs: number) => boolean;
  readonly users: (containerId: string) => UserDirectory | undefined;
  readonly allowlistsOf: (container: Container | undefined) => ReadonlySet<string>;
  readonly onFinding: (event: ExecEvent, told: ReadonlySet<string>) => void;
}

interface Waiting {
  readonly program: UnguardedProgram;
  readonly sinceMs: number;
}

/** What the gate has read before may still be on its way. */
const settleMs = 500;
/** A container that the engine has not told of, the list of an image and a container's users are waited for no longer. */
const detailsWaitMs = 5_000;
/** As alerts wait for the engine's first answer (guard/alert-wait.ts). */
const containerWaitMs = 60_000;
const seenMax = 8_192;
/** Judged in one turn: an exec may wait behind it. */
const turnMax = 16;
const nothingTold: ReadonlySet<string> = new Set();

/** Takes what one look has found; bounded by that look. */
export class UnguardedExecs {
  readonly #options: UnguardedExecsOptions;
  /** Processes that did an exec since the start, until what was found is judged; undefined from then on. */
  #seen: Set<string> | undefined = new Set();
  #isTaken = false;
  #waiting: readonly Waiting[] = [];
  readonly #counters = { judged: 0, seen: 0, unowned: 0 };

  constructor(options: UnguardedExecsOptions) {
    this.#options = options;
  }

  /** The gate has judged an exec. */
  saw({ process }: ExecEvent): void {
    if (this.#seen !== undefined && this.#seen.size < seenMax) this.#seen.add(keyOf(process));
  }

  /** Takes what was found, or that nothing was. */
  take(programs: readonly UnguardedProgram[]): void {
    const sinceMs = this.#options.monotonicMs();
    this.#waiting = [...this.#waiting, ...programs.map((program) => ({ program, sinceMs }))];
    this.#isTaken = true;
    this.#endWhenDone();
  }

  /** Judges what is ready, or has waited long enough. */
  sweep(): void {
    if (this.#waiting.length === 0) return;
    const nowMs = this.#options.monotonicMs();
    let turns = turnMax;
    this.#waiting = this.#waiting.filter((waiting) => {
      if (turns === 0 || !this.#isDone(waiting, nowMs - waiting.sinceMs)) return true;
      turns -= 1;
      return false;
    });
    this.#endWhenDone();
  }

  /** Whether anything waits for its time: `sweep` is needed then. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  counters(): UnguardedCounters {
    return { ...this.#counters, waiting: this.#waiting.length };
  }

  #endWhenDone(): void {
    if (this.#isTaken && this.#waiting.length === 0) this.#seen = undefined;
  }

  #isDone({ program }: Waiting, ageMs: number): boolean {
    if (ageMs < settleMs) return false;
    if (this.#seen?.has(keyOf(program.process)) === true) {
      this.#counters.seen += 1;
      return true;
    }
    const container = this.#containerOf(program);
    if (container?.isComplete !== true) {
      if (ageMs < this.#waitMs(container)) return false;
      this.#counters.unowned += 1;
      return true;
    }
    if (ageMs < detailsWaitMs && !this.#isDetailed(container)) return false;
    this.#counters.judged += 1;
    this.#judge(program, container);
    return true;
  }

  // As at the gate: by the root's device first, by the control group second.
  #containerOf({ file, cgroupIds }: UnguardedProgram): Container | undefined {
    const { places } = this.#options;
    const owner = places.ownerOf(file.device);
    const ids = owner === undefined ? cgroupIds : [owner];
    return ids.map((id) => places.container(id)).find((known) => known !== undefined);
  }

  #waitMs(container: Container | undefined): number {
    const { isEngineAwaited, monotonicMs } = this.#options;
    const isAwaited = container !== undefined || isEngineAwaited(monotonicMs());
    return isAwaited ? containerWaitMs : detailsWaitMs;
  }

  #isDetailed(container: Container): boolean {
    const { contents, users } = this.#options;
    return users(container.id) !== undefined && contents.hasList(container);
  }

  #judge({ process: read, file, sha256 }: UnguardedProgram, container: Container): void {
    const { host, allowlistsOf, contents, onFinding } = this.#options;
    const process = this.#processOf(read, container);
    const content = contents.found(file, container, sha256);
    const isLoader = isLoaderPath(content?.imagePaths[0] ?? file.path);
    onFinding(
      {
        kind: "exec",
        number: 0,
        timeNs: process.startNs,
        syscall: "execve",
        tid: process.pid,
        ...{ process, file, host, container, allowlists: allowlistsOf(container) },
        ...(content === undefined ? {} : { content }),
        ...(isLoader ? { loaded: loadedProgram("ld.so", process.argv, process.cwd ?? "") } : {}),
        isHeld: false,
        isArgvKnown: process.argv.length > 0,
        second: { finding: "unguarded", by: "proc", isGateSeen: false, errno: 0 },
      },
      nothingTold,
    );
  }

  #processOf(read: Process, container: Container): Process {
    const { tree, sessions, users } = this.#options;
    const parent = tree.parent({ pid: read.ppid });
    const process: MutableProcess = { ...read, ...(parent === undefined ? {} : { parent }) };
    const directory = users(container.id);
    if (directory !== undefined) nameUsers(process, directory);
    process.origin = originOf({ process, before: undefined, container, sessions });
    tree.add(process);
    return process;
  }
}

function keyOf({ pid, startTicks }: Process): string {
  return `${pid}:${startTicks}`;
}
