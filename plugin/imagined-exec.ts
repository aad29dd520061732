// SPDX-License-Identifier: Apache-2.0
import type { DockerRequest, ExecEvent } from "../daemon/model/event.ts";
import type { ExecutedFile, Process } from "../daemon/model/process.ts";
import { toByteString } from "../daemon/util/byte-string.ts";

const commLengthMax = 15;
/** Device number of the first pseudo terminal (136:0), as /proc/PID/stat has it. */
const someTerminal = 34_816;

const executable: ExecutedFile = {
  path: "",
  ...{ device: 0, inode: 0n, mode: 0o100755, uid: 0, gid: 0, size: 0, mtimeNs: 0n, ctimeNs: 0n },
};

const running: ReadonlySet<string> = new Set([
  ...["exec.create", "container.create", "service.create", "service.update"],
]);

/**
 * The exec that a request would lead to, so that the rules about execs are asked before it is done: `docker exec`, and
 * the entry point and command of a new container. Undefined where the request runs nothing.
 */
export function imagineExec(event: DockerRequest): ExecEvent | undefined {
  const { action, argv: words } = event.request;
  if (!running.has(action)) return undefined;
  const argv = words.map(toByteString);
  const [program] = argv;
  if (program === undefined || program === "") return undefined;
  const exepath = program.includes("/") ? program : `/usr/bin/${program}`;
  const { number, timeNs, isHeld, host, allowlists, client, container } = event;
  return {
    kind: "exec",
    number,
    timeNs,
    isHeld,
    host,
    allowlists,
    syscall: "execve",
    tid: 0,
    isArgvKnown: true,
    file: { ...executable, path: exepath },
    process: processOf(event, exepath, argv),
    ...(client === undefined ? {} : { client }),
    ...(container === undefined ? {} : { container }),
  };
}

function processOf(
  { request, container, timeNs }: DockerRequest,
  exepath: string,
  argv: readonly string[],
): Process {
  const { uid, gid, userName } = userOf(request.runAs === "" ? container?.user : request.runAs);
  const vpid = request.action === "exec.create" ? 2 : 1;
  const process: Process = {
    pid: 0,
    vpid,
    ppid: 0,
    sid: 0,
    vsid: vpid,
    pgid: 0,
    vpgid: vpid,
    startTicks: 0n,
    tty: request.hasTty ? someTerminal : 0,
    uid,
    gid,
    comm: exepath.slice(exepath.lastIndexOf("/") + 1).slice(0, commLengthMax),
    exe: argv[0] ?? "",
    exepath,
    argv,
    env: [],
    startNs: timeNs,
  };
  return userName === undefined ? process : { ...process, userName: toByteString(userName) };
}

// user := (name | uid) [ ":" (group | gid) ]; whose number is not known counts as nobody in particular.
function userOf(text = ""): {
  readonly uid: number;
  readonly gid: number;
  readonly userName?: string;
} {
  const [name = "", group = ""] = text.split(":");
  const uid = numberOf(name) ?? (name === "" || name === "root" ? 0 : 1000);
  const gid = numberOf(group) ?? uid;
  if (numberOf(name) !== undefined) return { uid, gid };
  return { uid, gid, userName: name === "" ? "root" : name };
}

function numberOf(text: string): number | undefined {
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}
