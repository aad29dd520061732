// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import type { Binding } from "./binding.ts";
import type { GateNativeCounters } from "./gate-counters.ts";
import { Gate, type RootPattern, type RootSuperblock } from "./gate.ts";
import { parseMountinfo } from "./mountinfo.ts";

/** What the daemon uses of a gate, whether there is one or not. */
export type AnyGate = Pick<Gate, keyof Gate>;

/** What stands in for the gate is built from. */
export interface WithoutGateOptions {
  /** The text of /proc/self/mountinfo; undefined when it cannot be read. */
  readonly readMountinfo: () => ByteString | undefined;
  /** How often the table is read. A container's root is mounted some 100 ms before its first exec. */
  readonly lookMs?: number;
}

const lookEveryMs = 20;
const rootsMax = 16_384;
const nothingSeen: GateNativeCounters = {
  ...{ seen: 0, allowed: 0, denied: 0, deadlinesMissed: 0, lost: 0, stalls: 0 },
  ...{
    ticketsExhausted: 0,
    answerErrors: 0,
    readErrors: 0,
    markErrors: 0,
    inherited: 0,
    stoodIn: 0,
    waiting: 0,
    mounts: { namespaces: 0, scans: 0, late: 0, unmarked: 0, refused: 0 },
  },
};

/**
 * Stands in for the gate where the kernel has no permission events: finds the roots of containers in the mount table,
 * and sees, holds and refuses nothing.
 */
export class WithoutGate implements AnyGate {
  /** No gate has this one. */
  readonly handle = 0;
  readonly isTakenOver = false;
  readonly #options: WithoutGateOptions;
  #patterns: readonly RootPattern[] = [];
  #table: ByteString | undefined;
  /** By mount: its id is never another's while it is mounted. */
  #roots: ReadonlyMap<string, RootSuperblock> = new Map();
  #lives = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WithoutGateOptions) {
    this.#options = options;
  }

  /** Nothing waits. */
  startReading(): void {
    return;
  }

  /** There is no group that could be kept. */
  store(): number {
    return 0;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** There is nothing to mark; whoever covers a container learns of its superblocks all the same. */
  mark(): undefined {
    return undefined;
  }

  setRootPatterns(patterns: readonly RootPattern[]): void {
    this.#patterns = patterns;
    this.#read();
  }

  roots(): readonly RootSuperblock[] {
    return [...this.#roots.values()];
  }

  /** There are no marks. */
  follow(): void {
    return;
  }

  /** Calls `onMounts` after the mount table changed, at most every `lookMs`. */
  watchMounts(onMounts: () => void): void {
    this.#timer = setInterval(() => {
      if (this.#options.readMountinfo() === this.#table) return;
      this.#read();
      onMounts();
    }, this.#options.lookMs ?? lookEveryMs);
    this.#timer.unref();
  }

  setMode(): void {
    return;
  }

  setDeadline(): void {
    return;
  }

  setDefaultMode(): void {
    return;
  }

  onRecords(): void {
    return;
  }

  /** Nothing is ever held. */
  answer(): boolean {
    return false;
  }

  /** No file is held open. */
  digest(): boolean {
    return false;
  }

  forgetFile(): void {
    return;
  }

  keepFiles(): void {
    return;
  }

  counters(): GateNativeCounters {
    return nothingSeen;
  }

  #read(): void {
    this.#table = this.#options.readMountinfo();
    const roots = new Map<string, RootSuperblock>();
    for (const { id, device, point, type } of parseMountinfo(this.#table ?? "")) {
      if (type !== "overlay" || roots.size >= rootsMax) continue;
      if (!this.#patterns.some((pattern) => fits(pattern, point))) continue;
      const mount = `${id} ${device} ${point}`;
      roots.set(mount, this.#roots.get(mount) ?? { device, point, generation: this.#nextLife() });
    }
    this.#roots = roots;
  }

  #nextLife(): number {
    this.#lives += 1;
    return this.#lives;
  }
}

/** The gate with this handle, for another thread; 0: there is none. */
export function gateOf(binding: Binding, handle: number): AnyGate {
  if (handle === 0) return new WithoutGate({ readMountinfo: () => undefined });
  return new Gate(binding, handle);
}

// As the native thread compares them (addon/src/roots.cc).
function fits({ prefix = "", infix = "", suffix = "" }: RootPattern, point: ByteString): boolean {
  return point.startsWith(prefix) && point.includes(infix) && point.endsWith(suffix);
}
