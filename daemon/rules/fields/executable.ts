// SPDX-License-Identifier: Apache-2.0
import type { ExecEvent } from "../../model/event.ts";
import type { ExecutedFile, Process } from "../../model/process.ts";
import type { FieldSpec } from "../../lang/field.ts";
import { plainFields } from "./define.ts";

/** proc.exe_ino.*, proc.is_exe_*: the file that became the program; times of processes. */
export const executableFields: readonly FieldSpec<ExecEvent>[] = plainFields<ExecEvent>([
  ["proc.exe_ino", "i64", "inode of the executable", (event) => executable(event).inode],
  ["proc.exe_ino.ctime", "time", "its last status change", (event) => executable(event).ctimeNs],
  ["proc.exe_ino.mtime", "time", "its last modification", (event) => executable(event).mtimeNs],
  [
    "proc.exe_ino.ctime_duration_proc_start",
    "time",
    "nanoseconds from its last status change to the start of the process",
    (event) => positive(event.process.startNs - executable(event).ctimeNs),
  ],
  [
    "proc.exe_ino.ctime_duration_pidns_start",
    "time",
    "nanoseconds from the start of the pid namespace to its last status change, where that is later",
    (event) => {
      const start = namespaceStart(event);
      const age = start === undefined ? 0n : executable(event).ctimeNs - start;
      return age > 0n ? age : undefined;
    },
  ],
  ["proc.pidns_init_start_ts", "u64", "start of the pid namespace", namespaceStart],
  ["proc.is_exe_writable", "bool", "the executable is writable by its user", isExeWritable],
  [
    "proc.is_exe_from_memfd",
    "bool",
    "the executable is an anonymous file",
    (event) => executable(event).path.startsWith("/memfd:") || isUnnamed(event),
  ],
  ["proc.duration", "duration", "nanoseconds since the process started", processAge],
  [
    "proc.ppid.duration",
    "duration",
    "nanoseconds since the parent started",
    ({ timeNs, process: { parent } }) =>
      parent === undefined ? undefined : positive(timeNs - parent.startNs),
  ],
  ["proc.pid.ts", "duration", "start of the process", ({ process }) => process.startNs],
  ["proc.ppid.ts", "duration", "start of the parent", ({ process }) => process.parent?.startNs],
]);

/** CAP_DAC_OVERRIDE, capabilities(7). */
const dacOverride = 1n << 1n;

/** True when the calling user may write the program that it runs (access(2) by mode bits and capability). */
export function isExeWritable(event: ExecEvent): boolean {
  const { uid, gid, capEffective } = event.process;
  const { mode, uid: owner, gid: group } = executable(event);
  if (capEffective === undefined ? uid === 0 : (capEffective & dacOverride) !== 0n) return true;
  if (uid === owner) return (mode & 0o200) !== 0;
  return (mode & (gid === group ? 0o020 : 0o002)) !== 0;
}

// The kernel opened the loader of something that the gate did not see, and that the call named by a descriptor only.
function isUnnamed({ loaded }: ExecEvent): boolean {
  if (loaded?.by !== "unseen") return false;
  return loaded.path === "" || descriptorPath.test(loaded.path);
}

const descriptorPath = /^\/(proc\/(self|thread-self|[0-9]{1,10})|dev)\/fd\/[0-9]{1,10}$/;

/** The file that became the program: for a script its interpreter. */
export function executable(event: ExecEvent): ExecutedFile {
  return event.interpreter ?? event.file;
}

/** When the first process of the pid namespace started; where that is no ancestor, when the container did. */
function namespaceStart({ process, container }: ExecEvent): bigint | undefined {
  const isNested = process.pid !== process.vpid;
  for (let ancestor: Process | undefined = process; ancestor; ancestor = ancestor.parent) {
    if (isNested && ancestor.pid === ancestor.vpid) break;
    if (ancestor.vpid === 1) return ancestor.startNs;
  }
  return isNested ? container?.startedNs : undefined;
}

function processAge({ timeNs, process }: ExecEvent): bigint {
  return positive(timeNs - process.startNs);
}

function positive(duration: bigint): bigint {
  return duration > 0n ? duration : 0n;
}
