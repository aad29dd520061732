// model: the vocabulary of every stage. Comes in: nothing. Goes out: types, and ports (Clock, Log, ContainerRuntime).
// Must not know: how anything is read, judged, stored or printed.
// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";

/** A file that the kernel opened for execution, as `fstat` of the event's own descriptor tells it (stat(2)). */
export interface ExecutedFile {
  /** Path as the kernel resolved it (symbolic links followed), as seen from the container's root. */
  readonly path: ByteString;
  /** Whether it lies on a container's root file system, and not on a volume, a tmpfs or another mount. */
  readonly isOnRoot?: boolean;
  /** st_dev as (major << 20 | minor), the kernel's own MKDEV form (include/linux/kdev_t.h). */
  readonly device: number;
  readonly inode: bigint;
  /** st_mode: type and permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes. */
  readonly size: number;
  /** Nanoseconds since the epoch. */
  readonly mtimeNs: bigint;
  /** Nanoseconds since the epoch. */
  readonly ctimeNs: bigint;
}

/** How a process came into its container. */
export interface ExecOrigin {
  /** The container's own first process, the first of an exec of the engine, of a health check, or a child of one. */
  readonly kind: "entrypoint" | "exec" | "healthcheck" | "child";
  /** Of a child: what the first of its line is. */
  readonly root?: "entrypoint" | "exec" | "healthcheck";
  /** The engine's id of the exec that it belongs to. */
  readonly execId?: string;
  /** Of an exec that the engine has not told of yet: the first process of its line. */
  readonly line?: string;
  /** False where it was found by likeness: by the command line, or from processes older than the daemon. */
  readonly isExact: boolean;
}

/**
 * One process as it stands after the exec that made it what it is. Linked to its parent, so the ancestry is a
 * chain that ends at the container's init (bounded by the tree that built it).
 */
export interface Process {
  /** Thread group id in the host's pid namespace. */
  readonly pid: number;
  /** Parent's pid in the host's pid namespace. */
  readonly ppid: number;
  /** Pid in the innermost namespace (the container's own numbering). */
  readonly vpid: number;
  /** Session and process group in the host's namespace; `v…` as the container numbers them. */
  readonly sid: number;
  readonly vsid: number;
  readonly pgid: number;
  readonly vpgid: number;
  /** Controlling terminal's device number as in /proc/PID/stat; 0 for none. */
  readonly tty: number;
  readonly uid: number;
  readonly gid: number;
  /** Audit login uid, undefined when unset (4294967295 in /proc/PID/loginuid). */
  readonly loginuid?: number;
  /** Names as the container's own /etc/passwd and /etc/group give them. */
  readonly userName?: ByteString;
  readonly userHome?: ByteString;
  readonly userShell?: ByteString;
  readonly groupName?: ByteString;
  readonly loginName?: ByteString;
  /** At most 15 bytes (TASK_COMM_LEN), as the kernel sets it at exec. */
  readonly comm: ByteString;
  /** argv[0]. */
  readonly exe: ByteString;
  /** Resolved path of the executable, as seen from the container's root. */
  readonly exepath: ByteString;
  /** All of argv, argv[0] included; bounded by the snapshot. */
  readonly argv: readonly ByteString[];
  /** KEY=value entries; bounded by the snapshot. */
  readonly env: readonly ByteString[];
  /** Working directory, without a trailing slash except for the root itself. */
  readonly cwd?: ByteString;
  /** Capability bit sets, as in /proc/PID/status. */
  readonly capPermitted?: bigint;
  readonly capEffective?: bigint;
  readonly capInheritable?: bigint;
  /** /proc/PID/stat field 22: clock ticks after boot. With the pid it names a process for ever. */
  readonly startTicks: bigint;
  /** Start of the process, nanoseconds since the epoch. */
  readonly startNs: bigint;
  /** How it came into its container; absent outside of one. */
  readonly origin?: ExecOrigin;
  readonly parent?: Process;
}
