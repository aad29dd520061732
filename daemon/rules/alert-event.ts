// SPDX-License-Identifier: Apache-2.0
import type { Alert, AlertProcess } from "../model/alert.ts";
import type { Event, ExecEvent } from "../model/event.ts";
import type { ExecutedFile, Process } from "../model/process.ts";
import { programReasons, type ProgramVerdict } from "../model/program.ts";
import { toByteString } from "../util/byte-string.ts";

/**
 * The event that an alert tells of, as far as the alert carries it: argv is the command line cut at blanks; the
 * environment, the executed file's inode and mode, sessions and capabilities are not known.
 */
export function eventOfAlert(alert: Alert, allowlists: ReadonlySet<string> = new Set()): Event {
  const { host, container, timeNs, isHeld, engineEvent, dockerRequest } = alert;
  const place = { number: 1, timeNs, host, allowlists, ...(container && { container }) };
  if (engineEvent !== undefined) {
    return { ...place, kind: "engine", isHeld: false, facts: engineEvent };
  }
  if (dockerRequest !== undefined) {
    return { ...place, kind: "docker-request", isHeld, request: dockerRequest };
  }
  const program = programOf(alert);
  return {
    ...{ ...place, kind: "exec", ...execOf(alert), isHeld },
    ...(program === undefined ? {} : { program }),
  };
}

/** What lists of programs said, where the alert's fields tell. */
function programOf({ fields }: Alert): ProgramVerdict | undefined {
  const because = programReasons.find((reason) => reason === fields["proc.allowlist_reason"]);
  return because && { isAllowed: because === "listed", because };
}

type ExecParts = Pick<ExecEvent, "syscall" | "tid" | "process" | "file" | "isArgvKnown">;

function execOf({ process: subject, ancestors, timeNs }: Alert): ExecParts {
  const parent = [...ancestors].reverse().reduce<Process | undefined>(parentOf, undefined);
  const told = subject ?? { ...nobody, tty: 0, uid: 0, gid: 0 };
  const process: Process = {
    ...processOf(told, parent),
    tty: told.tty,
    uid: told.uid,
    gid: told.gid,
    startNs: timeNs,
    ...(told.loginuid === undefined ? {} : { loginuid: told.loginuid }),
    ...named("userName", told.user),
    ...named("groupName", told.group),
    ...named("loginName", told.loginUser),
    ...named("cwd", told.cwd),
  };
  return {
    syscall: "execve",
    tid: told.pid,
    process,
    file: { ...unknownFile, path: process.exepath },
    isArgvKnown: told.cmdline !== "",
  };
}

const nobody: AlertProcess = { pid: 0, vpid: 0, name: "", exepath: "", cmdline: "" };

function parentOf(above: Process | undefined, told: AlertProcess): Process {
  return processOf(told, above);
}

function processOf(told: AlertProcess, parent: Process | undefined): Process {
  const argv = toByteString(told.cmdline).split(" ");
  return {
    ...{ pid: told.pid, vpid: told.vpid, ppid: parent?.pid ?? 0 },
    ...{ sid: 0, vsid: 0, pgid: 0, vpgid: 0, tty: 0, uid: 0, gid: 0 },
    comm: toByteString(told.name),
    exe: argv[0] ?? "",
    exepath: toByteString(told.exepath),
    argv,
    env: [],
    startTicks: 0n,
    startNs: 0n,
    ...(parent === undefined ? {} : { parent }),
  };
}

function named<K extends "userName" | "groupName" | "loginName" | "cwd">(
  key: K,
  text: string | undefined,
): Partial<Record<K, string>> {
  const entry: Partial<Record<K, string>> = {};
  if (text !== undefined) entry[key] = toByteString(text);
  return entry;
}

/** A regular, executable file of root's; all else is not known. */
const unknownFile: ExecutedFile = {
  path: "",
  ...{ device: 0, inode: 0n, mode: 0o100755, uid: 0, gid: 0, size: 0, mtimeNs: 0n, ctimeNs: 0n },
};
