// Who is connected to the engine's socket, and who these processes are: the door's view of the host, in the main thread.
// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { containerIdsOf } from "./enrich/cgroup.ts";
import type { Binding, SocketWatch } from "./kernel/binding.ts";
import { readEngineListeners } from "./engine-listeners.ts";
import type { DockerClient } from "./model/docker-client.ts";
import type { EngineListener } from "./model/status.ts";
import { parseStat, parseStatus, type StatFacts, type StatusFacts } from "./tracer/proc-text.ts";
import { fromByteString, type ByteString } from "./util/byte-string.ts";
import type { Look } from "../plugin/attribution.ts";
import type { Connection } from "../plugin/client-choice.ts";

/** More than an engine has in use; beyond that nobody is told for certain. */
const descriptorsMax = 8_192;
/** A look through /proc for the engine's process, when the last one is not it any more. */
const searchEveryMs = 2_000;
const parentsMax = 16;
const cmdlineLengthMax = 4_096;
const originsMax = 256;
const usersFreshMs = 5_000;
const listenersFreshMs = 5_000;
/** (uid_t)-1: nobody logged in (proc(5)). */
const unset = 4_294_967_295;

type Origin = Omit<DockerClient, "confidence" | "pid" | "uid" | "tty" | "exe" | "cmdline">;

interface ReadProcess {
  readonly status: StatusFacts;
  readonly stat: StatFacts;
  readonly exe: string;
  readonly argv: readonly string[];
}

/** Looks at the engine's connections and at the processes behind them. Nothing here throws or waits for anybody. */
export class EngineClients {
  readonly ownPid = process.pid;
  readonly #binding: Binding;
  readonly #monotonicMs: () => number;
  #watch: SocketWatch | undefined;
  /** The process that is watched. */
  #enginePid: number | undefined;
  readonly #origins = new Map<string, Origin>();
  #searchedMs = -Infinity;
  #listeners: { readonly found: readonly EngineListener[]; readonly readMs: number } | undefined;
  #users: { readonly names: ReadonlyMap<number, string>; readonly readMs: number } | undefined;

  constructor(binding: Binding, monotonicMs: () => number) {
    this.#binding = binding;
    this.#monotonicMs = monotonicMs;
  }

  /** The engine has answered us: it may be another process than before, and has a connection of ours to be known by. */
  engineAnswered(): void {
    this.#searchedMs = -Infinity;
  }

  /**
   * The engine's connections; undefined while its process is not known. `isThorough` takes some microseconds for each of
   * its descriptors; without it what is asked instead was seen to be the same.
   */
  look(isThorough = false): Look | undefined {
    const known = this.#watch === undefined ? undefined : this.#lookBy(this.#watch, isThorough);
    if (known !== undefined) return known;
    this.#watch = undefined;
    const nowMs = this.#monotonicMs();
    if (nowMs - this.#searchedMs < searchEveryMs) return undefined;
    this.#searchedMs = nowMs;
    for (const pid of processesNamed("dockerd")) {
      const watch = new this.#binding.SocketWatch(pid);
      const look = this.#lookBy(watch, true);
      if (look === undefined) continue;
      this.#watch = watch;
      this.#enginePid = pid;
      return look;
    }
    return undefined;
  }

  /** Where the engine takes requests, as it was a moment ago. */
  listeners(): readonly EngineListener[] {
    const nowMs = this.#monotonicMs();
    if (this.look() === undefined || this.#enginePid === undefined) return [];
    if (this.#listeners === undefined || nowMs - this.#listeners.readMs > listenersFreshMs)
      this.#listeners = { found: readEngineListeners(this.#enginePid), readMs: nowMs };
    return this.#listeners.found;
  }

  commandLine(pid: number): readonly string[] {
    return this.#read(pid)?.argv ?? [];
  }

  holds(pid: number, inode: number): boolean {
    return this.#watch?.holdsOtherEnd(pid, inode) === 1;
  }

  describe(pid: number, confidence: DockerClient["confidence"]): DockerClient | undefined {
    const found = this.#read(pid);
    if (found === undefined) return undefined;
    const { status, stat, exe, argv } = found;
    return {
      ...this.#originOf(pid, found),
      ...{ confidence, pid, uid: status.uid, tty: stat.tty, exe },
      cmdline: argv.join(" ").slice(0, cmdlineLengthMax),
    };
  }

  // What does not change while a process lives, but for a parent that ends: read once.
  #originOf(pid: number, { status, stat }: ReadProcess): Origin {
    const key = `${pid} ${stat.startTicks} ${stat.ppid} ${status.uid}`;
    const known = this.#origins.get(key);
    if (known !== undefined) return known;
    const loginuid = numberIn(`/proc/${pid}/loginuid`);
    const session = numberIn(`/proc/${pid}/sessionid`);
    const user = this.#nameOf(loginuid ?? status.uid);
    const containerId = containerIdsOf(this.#binding.readCgroup(pid).toString("latin1")).at(-1);
    const origin = {
      ...this.#parentsOf(stat.ppid),
      ...(loginuid === undefined ? {} : { loginuid }),
      ...(session === undefined ? {} : { session }),
      ...(user === undefined ? {} : { user }),
      ...(containerId === undefined ? {} : { containerId }),
    };
    this.#origins.set(key, origin);
    const oldest = this.#origins.keys().next();
    if (this.#origins.size > originsMax && oldest.done !== true) this.#origins.delete(oldest.value);
    return origin;
  }

  // The engine that we talk to is the one that has a connection of ours.
  #lookBy(watch: SocketWatch, isThorough: boolean): Look | undefined {
    const found = watch.look(descriptorsMax, isThorough);
    const [errno, isComplete, hasInternet] = found;
    const connections: Connection[] = [];
    let isOurs = false;
    for (let at = 3; at < found.length; at += 3) {
      const inode = found[at];
      const pid = found[at + 1];
      if (typeof inode !== "number" || typeof pid !== "number") continue;
      isOurs ||= pid === this.ownPid;
      connections.push({ inode, pid, isClosed: found[at + 2] === true });
    }
    if (!isOurs) return undefined;
    return { connections, isWhole: errno === 0 && isComplete === true && hasInternet === false };
  }

  #parentsOf(first: number): { readonly parents: readonly string[]; readonly ssh?: string } {
    const parents: string[] = [];
    let ssh: string | undefined;
    for (let pid = first; pid > 0 && parents.length < parentsMax;) {
      const found = this.#read(pid);
      if (found === undefined) break;
      const name = fromByteString(found.stat.comm);
      parents.push(name);
      // A session's own one names the user: the one that listens has another title.
      if (name === "sshd" || name === "sshd-session") ssh ??= found.argv.join(" ").trim();
      pid = found.stat.ppid;
    }
    return { parents, ...(ssh === undefined || ssh === "" ? {} : { ssh }) };
  }

  #read(pid: number): ReadProcess | undefined {
    const [status = "", stat = "", exe = "", argv = ""] = this.#binding
      .readProcess(pid)
      .map((text): ByteString => text.toString("latin1"));
    const ids = parseStatus(status);
    const facts = parseStat(stat);
    if (ids === undefined || facts === undefined) return undefined;
    const words = argv === "" ? [] : argv.replace(/\0+$/, "").split("\0");
    return { status: ids, stat: facts, exe: fromByteString(exe), argv: words.map(fromByteString) };
  }

  #nameOf(uid: number): string | undefined {
    const nowMs = this.#monotonicMs();
    if (this.#users === undefined || nowMs - this.#users.readMs > usersFreshMs)
      this.#users = { names: readNames(), readMs: nowMs };
    return this.#users.names.get(uid);
  }
}

function processesNamed(name: string): readonly number[] {
  return processes().filter((pid) => textOf(`/proc/${pid}/comm`) === `${name}\n`);
}

// None where no descriptor is left (EMFILE): the next look may find some.
function processes(): readonly number[] {
  try {
    return readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 0);
  } catch {
    return [];
  }
}

// procfs answers these from memory, whatever the process does; /etc/passwd is the host's own.
function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function numberIn(path: string): number | undefined {
  const text = textOf(path);
  return text === "" || Number(text) === unset ? undefined : Number(text);
}

// name:password:uid:…
function readNames(): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const line of textOf("/etc/passwd").split("\n")) {
    const [name = "", , uid = ""] = line.split(":");
    if (name !== "" && /^[0-9]{1,10}$/.test(uid) && !names.has(Number(uid)))
      names.set(Number(uid), name);
  }
  return names;
}
