// SPDX-License-Identifier: Apache-2.0
import { toByteString, type ByteString } from "../util/byte-string.ts";
import type { Container } from "../model/container.ts";
import type { EngineFacts } from "../model/engine-event.ts";
import type { ExecOrigin, Process } from "../model/process.ts";

/** What tells where a process comes from. */
export interface OriginInput {
  /** As it is after this exec. */
  readonly process: Process;
  /** What it was found to be at an earlier exec of its own. */
  readonly before: ExecOrigin | undefined;
  readonly container: Container;
  readonly sessions: ExecSessions;
}

const sessionsMax = 4_096;
/** The engine tells of an exec before its process begins, whose start is known to the hundredth of a second. */
const startSlackNs = 20_000_000n;
const startWithinNs = 10_000_000_000n;

interface Session {
  readonly containerId: string;
  readonly command: ByteString;
}

interface Orphan extends Session {
  readonly startNs: bigint;
}

/**
 * The `docker exec`s that were started and whose first process has not been seen, and first processes whose exec the
 * engine has not told of. Bounded: the oldest give way.
 */
export class ExecSessions {
  readonly #commands = new Map<string, Session>();
  readonly #seen = new Set<string>();
  readonly #orphans = new Map<string, Orphan>();
  readonly #late = new Map<string, string>();

  /** Takes an event of the engine. */
  take({ action, containerId, execId, execCommand = "", timeNs }: EngineFacts): void {
    if (containerId === undefined || execId === undefined) return;
    if (action === "exec_die") this.#commands.delete(execId);
    if (action !== "exec_start" || this.#commands.has(execId) || this.#seen.has(execId)) return;
    const session = { containerId, command: toByteString(execCommand) };
    const orphan = this.#orphanOf(session, timeNs);
    if (orphan === undefined) {
      this.start(execId, session);
      return;
    }
    this.#orphans.delete(orphan);
    setBounded(this.#late, orphan, execId);
    this.seen(execId);
  }

  /** An exec is about to be started: known before the engine tells of it. */
  start(execId: string, session: Session): void {
    if (!this.#seen.has(execId)) setBounded(this.#commands, execId, session);
  }

  /** The exec that a process with this command line is the first of: the oldest one, once. */
  claim(containerId: string, argv: readonly ByteString[]): string | undefined {
    const command = argv.join(" ").trim();
    for (const [execId, session] of this.#commands) {
      if (session.containerId !== containerId || session.command !== command) continue;
      this.seen(execId);
      return execId;
    }
    return undefined;
  }

  /** The first process of this exec was seen. */
  seen(execId: string): void {
    this.#commands.delete(execId);
    this.#seen.add(execId);
    const oldest = this.#seen.keys().next();
    if (this.#seen.size > sessionsMax && oldest.done !== true) this.#seen.delete(oldest.value);
  }

  /** A process is the first of an exec that was not told of; `execOf` has its id as soon as the engine tells. */
  await(line: string, containerId: string, { argv, startNs }: Process): void {
    setBounded(this.#orphans, line, { containerId, command: argv.join(" ").trim(), startNs });
  }

  execOf(line: string): string | undefined {
    return this.#late.get(line);
  }

  #orphanOf({ containerId, command }: Session, toldNs: bigint): string | undefined {
    for (const [line, orphan] of this.#orphans) {
      const isIts = orphan.containerId === containerId && orphan.command === command;
      const ageNs = orphan.startNs - toldNs;
      if (isIts && ageNs > -startSlackNs && ageNs < startWithinNs) return line;
    }
    return undefined;
  }
}

function setBounded<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  const oldest = map.keys().next();
  if (map.size > sessionsMax && oldest.done !== true) map.delete(oldest.value);
}

/**
 * How a process came into its container. Exact where the kernel or the runtime says so: the container's init, a child
 * of a process whose origin is known, and the first process of an exec while its parent is still `runc exec`, whose
 * arguments name the exec. Otherwise found by the command line that the engine told, or by what is left; `isExact` is
 * false then. Nothing is waited for.
 */
export function originOf(input: OriginInput): ExecOrigin {
  const { process, before, container, sessions } = input;
  if (before !== undefined) return completed(before, sessions);
  if (process.vpid === 1 || process.pid === container.pid)
    return { kind: "entrypoint", isExact: true };
  const { parent } = process;
  if (parent?.origin !== undefined) return childOf(completed(parent.origin, sessions));
  if (parent !== undefined && isInside(parent))
    return childOf(completed(originOfElder(parent), sessions));
  return originOfFirst(input);
}

/** Of a process whose parent is outside: the first of an exec. */
function originOfFirst({ process, container, sessions }: OriginInput): ExecOrigin {
  const { parent } = process;
  const named = parent === undefined ? undefined : execIdIn(parent.argv, container.id);
  if (named !== undefined) sessions.seen(named);
  const execId = named ?? sessions.claim(container.id, process.argv);
  // A health check is told by its command alone: the engine runs it as any other exec.
  const kind = isHealthcheck(process.argv, container) ? "healthcheck" : "exec";
  const isExact = named !== undefined && kind === "exec";
  if (execId !== undefined) return { kind, isExact, execId };
  const line = `${process.pid}:${process.startTicks}`;
  sessions.await(line, container.id, process);
  return { kind, isExact, line };
}

/** With the exec's id, where the engine has told of it meanwhile. */
function completed(origin: ExecOrigin, sessions: ExecSessions): ExecOrigin {
  const execId = origin.line === undefined ? undefined : sessions.execOf(origin.line);
  return execId === undefined || origin.execId !== undefined ? origin : { ...origin, execId };
}

// Filled in place, as events are (enrich.ts).
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Of a child; a child's child has the same line. */
function childOf(parent: ExecOrigin): ExecOrigin {
  if (parent.kind === "child") return parent;
  const { execId, line, isExact } = parent;
  const origin: Mutable<ExecOrigin> = { kind: "child", isExact, root: parent.kind };
  if (execId !== undefined) origin.execId = execId;
  if (line !== undefined) origin.line = line;
  return origin;
}

/** Of a process from before the daemon, or one that never did an exec: by the first of its line inside. */
function originOfElder(process: Process): ExecOrigin {
  let at = process;
  for (;;) {
    if (at.origin !== undefined) return at.origin;
    if (at.parent === undefined || !isInside(at.parent)) break;
    at = at.parent;
  }
  return { kind: at.vpid === 1 ? "entrypoint" : "exec", isExact: false };
}

/** In a pid namespace of its own. A container that shares the host's has no such mark. */
function isInside({ pid, vpid }: Process): boolean {
  return pid !== vpid;
}

/**
 * The exec's id in `runc … exec … --pid-file BUNDLE/EXECID.pid … CONTAINERID`, as containerd's shim runs it
 * (containerd, pkg/process/exec.go).
 */
function execIdIn(argv: readonly ByteString[], containerId: string): string | undefined {
  if (!argv.includes("exec") || argv.at(-1) !== containerId) return undefined;
  const file = argv[argv.indexOf("--pid-file") + 1] ?? "";
  return /\/([0-9a-f]{64})\.pid$/.exec(file)?.[1];
}

function isHealthcheck(argv: readonly ByteString[], { healthcheck }: Container): boolean {
  if (healthcheck?.length !== argv.length) return false;
  return healthcheck.every((part, i) => toByteString(part) === argv[i]);
}
