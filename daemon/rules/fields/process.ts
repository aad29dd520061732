// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../../util/byte-string.ts";
import type { ExecEvent } from "../../model/event.ts";
import type { Process } from "../../model/process.ts";
import type { FieldSpec } from "../../lang/field.ts";
import { findProcess } from "./ancestry.ts";
import { indexOf, plainFields, readOne } from "./define.ts";
import { rememberLast } from "./remember-last.ts";

/** proc.* of the process itself, its parent, session and process group; thread ids. */
export const processFields: readonly FieldSpec<ExecEvent>[] = [
  ...plainFields<ExecEvent>([
    ["proc.name", "string", "comm: at most 15 bytes", ({ process }) => process.comm],
    [
      "proc.exe",
      "string",
      "argv[0]",
      (event) => (event.isArgvKnown ? event.process.exe : undefined),
    ],
    [
      "proc.exepath",
      "string",
      "executable as the kernel resolved it",
      ({ process }) => process.exepath,
    ],
    [
      "proc.cmdline",
      "string",
      "proc.name and arguments",
      (event) => ofArgv(event, ownCommandLine),
      6,
    ],
    ["proc.exeline", "string", "proc.exe and arguments", (event) => ofArgv(event, exeLine), 6],
    ["proc.cmdnargs", "u64", "number of arguments", (event) => ofArgv(event, argumentCount)],
    [
      "proc.cmdlenargs",
      "u64",
      "characters in arguments",
      (event) => ofArgv(event, argumentLength),
      3,
    ],
    [
      "proc.cwd",
      "string",
      "working directory, with a slash at the end",
      ({ process }) => workingDirectory(process),
    ],
    ["proc.tty", "u32", "controlling terminal, 0 for none", ({ process }) => process.tty],
    ["proc.pid", "i64", "process id", ({ process }) => process.pid],
    ["proc.ppid", "i64", "parent's process id", ({ process }) => process.ppid],
    ["proc.vpid", "i64", "process id in its own namespace", ({ process }) => process.vpid],
    [
      "proc.pvpid",
      "i64",
      "parent's process id in its own namespace",
      ({ process }) => process.parent?.vpid,
    ],
    ["proc.pname", "string", "comm of the parent", ({ process }) => process.parent?.comm],
    ["proc.pexe", "string", "argv[0] of the parent", ({ process }) => process.parent?.exe],
    [
      "proc.pexepath",
      "string",
      "executable of the parent",
      ({ process }) => process.parent?.exepath,
    ],
    [
      "proc.pcmdline",
      "string",
      "command line of the parent",
      ({ process }) =>
        process.parent === undefined ? undefined : parentCommandLine(process.parent),
      6,
    ],
    ["proc.loginshellid", "i64", "process id of the oldest shell above", loginShell, 6],
    ["thread.tid", "i64", "thread id", ({ tid }) => tid],
    // The thread that calls exec becomes the only one (execve(2)).
    ["thread.vtid", "i64", "thread id in its own namespace", ({ process }) => process.vpid],
    ["proc.nthreads", "u64", "threads, after the exec 1", () => 1],
    ["proc.nchilds", "u64", "threads beside the main one, after the exec 0", () => 0],
    [
      "thread.ismain",
      "bool",
      "the thread is the main one",
      ({ tid, process }) => tid === process.pid,
    ],
  ]),
  ...leaderFields("proc.sid", "session", (process) => process.sid),
  ...leaderFields("proc.pgid", "process group", (process) => process.pgid),
  ...plainFields<ExecEvent>([
    [
      "proc.pgid.name",
      "string",
      "comm of the group leader",
      ({ process }) => leader(process, process.pgid)?.comm,
    ],
    [
      "proc.sname",
      "string",
      "comm of the session leader",
      ({ process }) => leader(process, process.sid)?.comm,
    ],
    [
      "proc.is_sid_leader",
      "bool",
      "leads its session",
      ({ process }) => process.vsid === process.vpid,
    ],
    [
      "proc.is_vpgid_leader",
      "bool",
      "leads its process group",
      ({ process }) => process.vpgid === process.vpid,
    ],
    [
      "proc.is_pgid_leader",
      "bool",
      "leads its process group",
      ({ process }) => process.pgid === process.pid,
    ],
    ["proc.vpgid", "i64", "process group in its own namespace", ({ process }) => process.vpgid],
    [
      "proc.vpgid.name",
      "string",
      "comm of the group leader",
      ({ process }) => groupLeader(process)?.comm,
    ],
    [
      "proc.vpgid.exe",
      "string",
      "argv[0] of the group leader",
      ({ process }) => groupLeader(process)?.exe,
    ],
    [
      "proc.vpgid.exepath",
      "string",
      "executable of the group leader",
      ({ process }) => groupLeader(process)?.exepath,
    ],
  ]),
  {
    name: "proc.args",
    type: "string",
    description: "arguments behind argv[0], joined by blanks; [i] one of them, from 0",
    argument: "optional",
    cost: 5,
    bind: (argument) => {
      if (argument === undefined) return readOne((event) => ofArgv(event, ownArguments));
      const index = indexOf(argument);
      if (index === undefined) return { kind: "invalid-argument", expected: "a number" };
      return readOne((event) => ofArgv(event, ({ argv }) => argv[index + 1] ?? ""));
    },
  },
  {
    name: "proc.env",
    type: "string",
    description: "environment, joined by blanks; [NAME] one variable, empty when it is not set",
    argument: "optional",
    cost: 8,
    bind: (argument) =>
      argument === undefined
        ? readOne(({ process }) => environment(process))
        : readOne(({ process }) => variable(process, argument) ?? ""),
  },
];

// What rules ask for again and again of the same process.
const ownCommandLine = rememberLast(commandLine);
const parentCommandLine = rememberLast(commandLine);
const ownArguments = rememberLast(argumentLine);
const environment = rememberLast(({ env }: Process) => env.join(" "));
const workingDirectory = rememberLast(cwd);

/** `comm arg1 arg2` */
export function commandLine(process: Process): ByteString {
  return process.argv.length > 1 ? `${process.comm} ${argumentLine(process)}` : process.comm;
}

/** All arguments behind argv[0], joined by blanks. */
export function argumentLine({ argv }: Process): ByteString {
  let line = argv[1] ?? "";
  for (let i = 2; i < argv.length; i++) line += ` ${argv[i] ?? ""}`;
  return line;
}

/** The value of an environment variable; undefined when it is not set. */
export function variable({ env }: Process, name: ByteString): ByteString | undefined {
  const entry = env.find((item) => item.startsWith(name) && item[name.length] === "=");
  return entry?.slice(name.length + 1);
}

function exeLine(process: Process): ByteString {
  return process.argv.length > 1 ? `${process.exe} ${argumentLine(process)}` : process.exe;
}

function argumentCount({ argv }: Process): number {
  return Math.max(0, argv.length - 1);
}

function argumentLength({ argv }: Process): number {
  let length = 0;
  for (let i = 1; i < argv.length; i++) length += argv[i]?.length ?? 0;
  return length;
}

function ofArgv<T>(event: ExecEvent, read: (process: Process) => T): T | undefined {
  return event.isArgvKnown ? read(event.process) : undefined;
}

function cwd(process: Process): ByteString | undefined {
  const path = process.cwd;
  return path === undefined || path.endsWith("/") ? path : `${path}/`;
}

const shells = new Set(["ash", "bash", "csh", "ksh", "sh", "tcsh", "zsh", "dash"]);

function loginShell({ process }: ExecEvent): number | undefined {
  let oldest: number | undefined;
  for (let at: Process | undefined = process; at !== undefined; at = at.parent) {
    if (shells.has(at.comm)) oldest = at.pid;
  }
  return oldest;
}

function leader(process: Process, pid: number): Process | undefined {
  return findProcess(process, (candidate) => candidate.pid === pid);
}

function groupLeader(process: Process): Process | undefined {
  return findProcess(process, (candidate) => candidate.vpid === process.vpgid);
}

function leaderFields(
  name: string,
  noun: string,
  idOf: (process: Process) => number,
): readonly FieldSpec<ExecEvent>[] {
  const find = ({ process }: ExecEvent): Process | undefined => leader(process, idOf(process));
  return plainFields<ExecEvent>([
    [name, "i64", `${noun} id`, ({ process }) => idOf(process)],
    [`${name}.exe`, "string", `argv[0] of the ${noun} leader`, (event) => find(event)?.exe],
    [
      `${name}.exepath`,
      "string",
      `executable of the ${noun} leader`,
      (event) => find(event)?.exepath,
    ],
  ]);
}
