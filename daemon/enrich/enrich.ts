// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import type { Container } from "../model/container.ts";
import type { ExecEvent, Host } from "../model/event.ts";
import type { ExecutedFile, Process } from "../model/process.ts";
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
  readonly container?: Container;
  readonly allowlists: ReadonlySet<string>;
  readonly users?: UserDirectory;
  readonly tree: ProcessTree;
  readonly sessions: ExecSessions;
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
  return {
    kind: "exec",
    number,
    timeNs: facts.timeNs,
    syscall: facts.syscall,
    tid: facts.tid,
    process: withOrigin(processOf(facts, around), around),
    file: facts.first ?? facts.file,
    ...(facts.role === "interpreter" ? { interpreter: facts.file } : {}),
    ...(container === undefined ? {} : { container }),
    host,
    allowlists,
    isHeld: facts.isHeld,
    isArgvKnown: facts.isArgvKnown,
  };
}

function withOrigin(process: Process, { container, tree, sessions }: Surroundings): Process {
  if (container === undefined) return process;
  const before = tree.known(process)?.origin;
  return { ...process, origin: originOf({ process, before, container, sessions }) };
}

function processOf(facts: ExecFacts, around: Surroundings): Process {
  const { capabilities } = facts;
  const parent = around.tree.parent({
    pid: facts.process.ppid,
    ...(facts.parentStartTicks === undefined ? {} : { startTicks: facts.parentStartTicks }),
  });
  return {
    ...facts.process,
    ...namesOf(facts, around.users),
    ...(facts.loginuid === undefined ? {} : { loginuid: facts.loginuid }),
    comm: facts.comm,
    exe: facts.argv[0] ?? "",
    // The ELF loader maps the program; the program is what runs. A script is run by its interpreter.
    exepath: facts.role === "loader" ? (facts.first ?? facts.file).path : facts.file.path,
    argv: facts.argv,
    env: facts.environment === "" ? [] : facts.environment.slice(0, -1).split("\0"),
    ...(facts.cwd === "" ? {} : { cwd: facts.cwd }),
    capInheritable: capabilities.inheritable,
    capPermitted: capabilities.permitted,
    capEffective: capabilities.effective,
    startNs: startTimeNs(facts.process.startTicks, around.bootNs),
    ...(parent === undefined ? {} : { parent }),
  };
}

function namesOf(facts: ExecFacts, directory: UserDirectory | undefined): Partial<Process> {
  const user = directory?.users.get(facts.process.uid);
  const group = directory?.groups.get(facts.process.gid);
  const login =
    facts.loginuid === undefined ? undefined : directory?.users.get(facts.loginuid)?.name;
  return {
    ...(user === undefined
      ? {}
      : { userName: user.name, userHome: user.home, userShell: user.shell }),
    ...(group === undefined ? {} : { groupName: group }),
    ...(login === undefined ? {} : { loginName: login }),
  };
}
