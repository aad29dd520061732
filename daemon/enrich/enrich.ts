// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import { rememberLast } from "../util/remember-last.ts";
import type { Container } from "../model/container.ts";
import type { ExecEvent, Host } from "../model/event.ts";
import type { ExecutedFile, Process } from "../model/process.ts";
import type { FileContent } from "../model/program.ts";
import type { DockerClients } from "./docker-clients.ts";
import { originOf, type ExecSessions } from "./exec-origin.ts";
import type { ProcessTree } from "./process-tree.ts";
import type { UserDirectory } from "./users.ts";

/** The facts of one exec, as the tracer gives them, in the shape that this stage needs. */
export interface ExecFacts {
  readonly timeNs: bigint;
  readonly monotonicMs: number;
  readonly tid: number;
  readonly syscall: "execve" | "execveat";
  readonly comm: ByteString;
  readonly argv: readonly ByteString[];
  readonly environment: ByteString;
  readonly cwd: ByteString;
  readonly file: ExecutedFile;
  readonly first?: ExecutedFile;
  readonly role: "program" | "interpreter" | "loader";
  /** What an ELF loader runs that was opened without a program before it; `path` is empty where nothing tells. */
  readonly loaded?: { readonly by: "arguments" | "unseen"; readonly path: ByteString };
  readonly isHeld: boolean;
  readonly isArgvKnown: boolean;
  readonly loginuid?: number;
  readonly process: Pick<
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
    | "startTicks"
  >;
  readonly capabilities: {
    readonly inheritable: bigint;
    readonly permitted: bigint;
    readonly effective: bigint;
  };
  readonly parentStartTicks?: bigint;
}

/** Everything around one exec. */
export interface Surroundings {
  readonly host: Host;
  readonly container?: Container | undefined;
  readonly allowlists: ReadonlySet<string>;
  readonly users?: UserDirectory | undefined;
  readonly content?: FileContent | undefined;
  readonly tree: ProcessTree;
  readonly sessions: ExecSessions;
  readonly clients: DockerClients;
  /** Boot time, nanoseconds since the epoch. */
  readonly bootNs: bigint;
}

/** /proc counts in USER_HZ, which is 100 on every architecture Node runs on (proc(5), sysconf(3)). */
const nsPerTick = 10_000_000n;

/** When a process with these start ticks began, nanoseconds since the epoch. */
export function startTimeNs(startTicks: bigint, bootNs: bigint): bigint {
  return bootNs + startTicks * nsPerTick;
}

/** Joins the facts of an exec with its container, its users' names and its ancestors. */
export function enrich(facts: ExecFacts, number: number, around: Surroundings): ExecEvent {
  const { container, host, allowlists } = around;
  const event: Mutable<ExecEvent> = {
    kind: "exec",
    number,
    timeNs: facts.timeNs,
    syscall: facts.syscall,
    tid: facts.tid,
    process: processOf(facts, around),
    file: facts.first ?? facts.file,
    host,
    allowlists,
    isHeld: facts.isHeld,
    isArgvKnown: facts.isArgvKnown,
  };
  if (facts.role === "interpreter") event.interpreter = facts.file;
  if (facts.loaded !== undefined) event.loaded = facts.loaded;
  if (around.content !== undefined) event.content = around.content;
  if (container === undefined) return event;
  event.container = container;
  const client = around.clients.ofProcess(event.process.origin, container.id);
  if (client !== undefined) event.client = client;
  return event;
}

// Filled in place: an object that is put together of others' parts costs several times as much, at every exec.
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

// Programs that follow each other mostly have the same one: it is taken apart, and kept, once.
const environmentOf = rememberLast((text: ByteString): readonly ByteString[] =>
  text === "" ? [] : text.slice(0, -1).split("\0"),
);

function processOf(facts: ExecFacts, around: Surroundings): Process {
  const { process: ids, capabilities, parentStartTicks } = facts;
  const process: Mutable<Process> = {
    pid: ids.pid,
    ppid: ids.ppid,
    vpid: ids.vpid,
    sid: ids.sid,
    vsid: ids.vsid,
    pgid: ids.pgid,
    vpgid: ids.vpgid,
    tty: ids.tty,
    uid: ids.uid,
    gid: ids.gid,
    comm: facts.comm,
    exe: facts.argv[0] ?? "",
    // The ELF loader maps the program; the program is what runs. A script is run by its interpreter.
    exepath: executablePath(facts),
    argv: facts.argv,
    env: environmentOf(facts.environment),
    capInheritable: capabilities.inheritable,
    capPermitted: capabilities.permitted,
    capEffective: capabilities.effective,
    startTicks: ids.startTicks,
    startNs: startTimeNs(ids.startTicks, around.bootNs),
  };
  if (facts.cwd !== "") process.cwd = facts.cwd;
  if (facts.loginuid !== undefined) process.loginuid = facts.loginuid;
  if (around.users !== undefined) nameUsers(process, around.users);
  const parent = around.tree.parent(
    parentStartTicks === undefined
      ? { pid: ids.ppid }
      : { pid: ids.ppid, startTicks: parentStartTicks },
  );
  if (parent !== undefined) process.parent = parent;
  setOrigin(process, around);
  return process;
}

function setOrigin(process: Mutable<Process>, around: Surroundings): void {
  const { container, tree, sessions } = around;
  if (container === undefined) return;
  const before = tree.known(process)?.origin;
  process.origin = originOf({ process, before, container, sessions });
}

/** A process that is being put together. */
export type MutableProcess = Mutable<Process>;

/** Names the user, group and login of a process as its container does. */
export function nameUsers(process: MutableProcess, { users, groups }: UserDirectory): void {
  const user = users.get(process.uid);
  if (user !== undefined) {
    process.userName = user.name;
    process.userHome = user.home;
    process.userShell = user.shell;
  }
  const group = groups.get(process.gid);
  if (group !== undefined) process.groupName = group;
  const login = process.loginuid === undefined ? undefined : users.get(process.loginuid)?.name;
  if (login !== undefined) process.loginName = login;
}

function executablePath({ role, first, file, loaded }: ExecFacts): ByteString {
  // Nothing but the descriptor is known of what a call by descriptor runs: it has no name.
  if (loaded !== undefined) return loaded.path === "" ? "/memfd:" : loaded.path;
  return role === "loader" ? (first ?? file).path : file.path;
}
