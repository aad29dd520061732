// SPDX-License-Identifier: Apache-2.0
import type { Process } from "../model/process.ts";

/**
 * What /proc tells of a process that the tree has not seen exec. `exepath` and `argv` are empty when they cannot
 * be read.
 */
export type ProcessFacts = Pick<
  Process,
  | "pid"
  | "ppid"
  | "vpid"
  | "sid"
  | "vsid"
  | "pgid"
  | "vpgid"
  | "tty"
  | "uid"
  | "gid"
  | "comm"
  | "exepath"
  | "argv"
  | "startTicks"
  | "startNs"
>;

/** A parent as the snapshot of its child names it. */
export interface ParentKey {
  readonly pid: number;
  readonly startTicks?: bigint;
}

/** Bounds of the tree. */
export interface ProcessTreeLimits {
  readonly processesMax: number;
  /** Bytes of argv and environment kept, over all processes. */
  readonly bytesMax: number;
  /** Ancestors kept above a process. */
  readonly depthMax: number;
}

const defaultLimits: ProcessTreeLimits = {
  // One that was pushed out while it lives is read from /proc again when it starts something.
  processesMax: 8_192,
  bytesMax: 8 << 20,
  depthMax: 32,
};

const overheadBytes = 400;

/**
 * The processes that are known by pid and start time, fed by our own exec events. A parent that never
 * did an exec of its own is a copy of the one it was forked from; one that nobody knows is read from
 * /proc (status, stat and exe only: they cannot be stalled by their owner).
 */
export class ProcessTree {
  readonly #nodes = new Map<number, Process>();
  readonly #readProcess: (pid: number) => ProcessFacts | undefined;
  readonly #limits: ProcessTreeLimits;
  #bytes = 0;

  constructor(
    readProcess: (pid: number) => ProcessFacts | undefined,
    limits: ProcessTreeLimits = defaultLimits,
  ) {
    this.#readProcess = readProcess;
    this.#limits = limits;
  }

  /** The parent with its own ancestors; undefined when it is gone and was never seen. */
  parent(key: ParentKey): Process | undefined {
    return this.#find(key, this.#limits.depthMax);
  }

  /** The process as it was after its last exec; undefined when none was seen. Nothing is read for it. */
  known({ pid, startTicks }: Required<ParentKey>): Process | undefined {
    const found = this.#nodes.get(pid);
    return found?.startTicks === startTicks ? found : undefined;
  }

  /** Takes a process as it is after its exec. The oldest ones give way when a bound is reached. */
  add(process: Process): void {
    this.#drop(process.pid);
    const node = this.#withBoundedAncestors(process);
    this.#nodes.set(process.pid, node);
    this.#bytes += bytesOf(node);
    while (this.#nodes.size > this.#limits.processesMax || this.#bytes > this.#limits.bytesMax) {
      const oldest = this.#nodes.keys().next();
      if (oldest.done === true) return;
      this.#drop(oldest.value);
    }
  }

  /** Processes known now. */
  get size(): number {
    return this.#nodes.size;
  }

  #drop(pid: number): void {
    const node = this.#nodes.get(pid);
    if (node === undefined) return;
    this.#nodes.delete(pid);
    this.#bytes -= bytesOf(node);
  }

  #find(key: ParentKey, depthLeft: number): Process | undefined {
    if (key.pid <= 0 || depthLeft === 0) return undefined;
    const known = this.#nodes.get(key.pid);
    if (isMeant(known, key)) return known;
    const facts = this.#readProcess(key.pid);
    // The pid may be somebody else's by now.
    if (!isMeant(facts, key)) return undefined;
    const node = fromFacts(facts, this.#find({ pid: facts.ppid }, depthLeft - 1));
    this.add(node);
    return node;
  }

  // A chain of processes that each start the next and end would otherwise hold all its dead for ever.
  #withBoundedAncestors(process: Process): Process {
    const chainMax = this.#limits.depthMax * 2;
    let depth = 0;
    for (let at: Process | undefined = process; at !== undefined && depth <= chainMax;) {
      at = at.parent;
      depth += 1;
    }
    if (depth <= chainMax) return process;
    const chain: Process[] = [];
    for (let at: Process | undefined = process; at !== undefined;) {
      chain.push(at);
      if (chain.length === this.#limits.depthMax) break;
      at = at.parent;
    }
    let copy: Process | undefined;
    for (const { parent: _parent, ...node } of chain.reverse()) {
      copy = copy === undefined ? node : { ...node, parent: copy };
    }
    return copy ?? process;
  }
}

function isMeant<T extends { readonly startTicks: bigint }>(
  found: T | undefined,
  { startTicks }: ParentKey,
): found is T {
  return found !== undefined && (startTicks === undefined || found.startTicks === startTicks);
}

// Same program as its parent and no exec seen: a fork, which shares the parent's environment.
function fromFacts(facts: ProcessFacts, parent: Process | undefined): Process {
  const isFork = parent?.comm === facts.comm && parent.exepath === facts.exepath;
  return {
    ...facts,
    exe: facts.argv[0] ?? "",
    env: isFork ? parent.env : [],
    ...(parent === undefined ? {} : { parent }),
  };
}

function bytesOf(process: Process): number {
  let bytes = overheadBytes + process.exepath.length;
  for (const text of process.argv) bytes += text.length;
  for (const text of process.env) bytes += text.length;
  return bytes;
}
