// kernel: the native addon and what is built directly on it. Comes in: bytes and descriptors of the
// kernel. Goes out: bytes, marks and answers. Must not know: containers, rules, what a record means.
// This file is the whole seam to C++ (daemon/kernel/addon/src/binding.cc).
// SPDX-License-Identifier: Apache-2.0
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** How the gate treats execs on a superblock. `none` forgets it. */
export const gateModes = { none: 0, observe: 1, hold: 2 } as const;

export type GateMode = keyof typeof gateModes;

/** A watch over the unix sockets that a process has accepted. */
export interface SocketWatch {
  /**
   * [errno, isComplete, whether it listens on the internet as well, inode, pid of who connected, whether that end is gone,
   * inode, …] (pidfd_getfd(2), unix(7)). `isThorough` goes through all of its descriptors, at most so many; else its
   * epoll is asked, where that was seen to have them all. errno is 3 (ESRCH) when the process is gone.
   */
  look(descriptorsMax: number, isThorough: boolean): (number | boolean)[];
  /** Whether `pid` has the other end of one that the last look saw: 1, 0, or a negative errno (sock_diag(7)). */
  holdsOtherEnd(pid: number, inode: number): number;
}

/** The addon's functions; scalars, strings and buffers only. Errors carry `errno` and `syscall`. */
export interface Binding {
  /** Opens a fanotify permission group and its threads; throws with errno and syscall. Returns a handle valid in every thread. */
  gateOpen(
    deadlineMs: number,
    denyOnDeadline: boolean,
    handOverBytes: number,
    /** -1 for a new group; or the descriptor of a predecessor's, which becomes the gate's: see gateStartReading. */
    group: number,
  ): number;
  /** Execs on the marks of a group that was taken over wait in the kernel until this is called. */
  gateStartReading(handle: number): void;
  /** Sends `message` to the service manager with the group's descriptor (sd_notify(3), FDSTORE=1). Returns errno. */
  gateStore(handle: number, socketPath: string, message: string): number;
  /** Closes the group: the kernel allows whatever still waits. */
  gateClose(handle: number): void;
  /** Calls back in this thread when records wait; at most once until the next gateDrain. */
  gateOnRecords(handle: number, callback: () => void): boolean;
  /** Calls back in this thread when /proc/self/mountinfo changed; at most once until gateMountsTaken. */
  gateOnMounts(handle: number, callback: () => void): boolean;
  gateMountsTaken(handle: number): void;
  /** Marks the place `path` below `root` if its st_dev is major:minor. Returns [errno, syscall], errno 0 when marked. */
  gateMark(
    handle: number,
    root: string,
    path: Uint8Array,
    major: number,
    minor: number,
    wholeFilesystem: boolean,
  ): [number, string];
  /** Triples of prefix, infix, suffix: overlays mounted at such paths are marked by the native thread, held. */
  gateSetRootPatterns(handle: number, texts: readonly string[]): void;
  /** Quadruples of major, minor, generation, mount point: the container roots that are marked. */
  gateRoots(handle: number): (number | Buffer)[];
  /** `generation` 0 for a device that is no container root; otherwise a mode for another life of the number is ignored. */
  gateSetMode(
    handle: number,
    ...mode: [major: number, minor: number, mode: number, generation: number]
  ): void;
  /** Deadline of execs that come from now on, and its answer for all that wait. */
  gateSetDeadline(handle: number, deadlineMs: number, denyOnDeadline: boolean): void;
  /** Mode of devices without one of their own. */
  gateSetDefaultMode(handle: number, mode: number): void;
  /** Moves whole records into `out`; returns bytes. */
  gateDrain(handle: number, out: Uint8Array): number;
  /** Answers a held exec; false when it was answered already. */
  gateAnswer(handle: number, slot: number, generation: number, allow: boolean): boolean;
  /**
   * SHA-256 of the file of a held exec, or of one that is kept, through the event's own descriptor, in a thread of its
   * own: 32 bytes, or an errno (27, EFBIG, beyond `sizeMax`; 116, ESTALE, where it changes, or has another ctime). False,
   * and no call, when the exec was answered already or the file is kept no longer.
   */
  gateDigest(
    handle: number,
    slot: number,
    generation: number,
    sizeMax: number,
    ctimeNs: bigint,
    callback: (digest: Buffer | number) => void,
  ): boolean;
  /** Closes the file of an observed exec that was kept; anything else stays as it is. */
  gateForgetFile(handle: number, slot: number, generation: number): void;
  /** Files with this ctime or a later one are kept open after an observed exec; 0:0 for devices without a mode. */
  gateKeepFiles(
    handle: number,
    ...from: [major: number, minor: number, generation: number, ctimeNs: bigint]
  ): void;
  /** seen, allowed, denied, deadlinesMissed, lost, stalls, ticketsExhausted, answerErrors, readErrors, markErrors, inherited, stoodIn, waiting; namespaces, scans, scansLate, placesUnmarked, namespacesRefused. */
  gateCounters(handle: number): number[];
  /** Follows the mount namespace of process `pid`, which is a container's, until the process ends. */
  gateFollow(handle: number, pid: number): void;
  /** A client of the kernel's audit subsystem with a thread that takes records. Returns [errno, handle]. */
  auditOpen(handOverBytes: number): [number, number];
  auditClose(handle: number): void;
  /** One netlink request, answered within two seconds. Returns [errno, type, payload, type, payload, …]. */
  auditRequest(handle: number, type: number, payload: Uint8Array): [number, ...(number | Buffer)[]];
  /** AUDIT_SET by the socket that takes records, which becomes, or ceases to be, the owner's. Returns errno. */
  auditSetOwner(handle: number, payload: Uint8Array): number;
  /** Joins or leaves the read-only multicast group. Returns errno. */
  auditSetMulticast(handle: number, isMember: boolean): number;
  /** Calls back in this thread when audit records wait; at most once until the next auditDrain. */
  auditOnRecords(handle: number, callback: () => void): boolean;
  /** Moves whole audit records into `out`; returns bytes. */
  auditDrain(handle: number, out: Uint8Array): number;
  /** records, foreign, lost, overruns, rivals. */
  auditCounters(handle: number): number[];
  /** [stat, argv] of /proc/PID, argv as it stands in its memory now, 32 KiB at most. Its owner cannot stall it. */
  readArguments(pid: number): [Buffer, Buffer];
  /** /proc/PID/cgroup; empty when it is gone. */
  readCgroup(pid: number): Buffer;
  /** [major, minor] of the file system of memfd_create(2); empty where it is refused. */
  memfdDevice(): number[];
  /** SIGKILL through a pidfd to the process with this start time. Returns errno, 3 (ESRCH) when gone. */
  killProcess(pid: number, startTicks: bigint): number;
  /**
   * The same with all its descendants, also those that are forked meanwhile. [errno, killed, isComplete]; at most two
   * seconds, in another thread.
   */
  killProcessTree(
    pid: number,
    startTicks: bigint,
  ): Promise<[errno: number, killed: number, isComplete: boolean]>;
  /** One sd_notify(3) datagram. Returns errno. */
  notifyServiceManager(socketPath: string, message: string): number;
  /** [status, stat, exe, argv] of /proc/PID; empty buffers when it is gone. Its owner cannot stall it. */
  readProcess(pid: number): [Buffer, Buffer, Buffer, Buffer];
  /** Who connected to a unix socket: [0, pid, uid, gid, groups…], or [errno] (unix(7), SO_PEERCRED, SO_PEERGROUPS). */
  peerCredentials(fd: number): number[];
  /** Looks at the sockets that process `pid` has accepted, again and again. */
  readonly SocketWatch: new (pid: number) => SocketWatch;
  /**
   * Executable files below the directories `layers`, the topmost first, put together as overlayfs does it; in a thread of
   * its own at the lowest priority: [errno, what was left out by each of `listSkips`, path, size, ctime in nanoseconds,
   * SHA-256, path, …].
   */
  listExecutables(
    layers: readonly Buffer[],
    filesMax: number,
    entriesMax: number,
    sizeMax: number,
    bytesMax: number,
    timeMaxMs: number,
    callback: (values: readonly unknown[]) => void,
  ): void;
  /** A regular file below `root`, links resolved inside it; the errno where it cannot be read. */
  readInRoot(root: string, path: string, sizeMax: number): Promise<Buffer | number>;
}

// Beside the compiled program when installed, in the addon's build folder in a checkout.
const places = [
  "./execwarden.node",
  "./addon/build/Release/execwarden.node",
  "../../../daemon/kernel/addon/build/Release/execwarden.node",
];

/** Loads the addon; throws an error that names every place tried and what to do. */
export function loadBinding(): Binding {
  const require = createRequire(import.meta.url);
  const failures: string[] = [];
  for (const place of places) {
    const path = fileURLToPath(new URL(place, import.meta.url));
    try {
      // The addon is untyped; test/kernel/binding.test.ts holds it to the interface.
      return require(path) as Binding;
    } catch (error) {
      failures.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(
    `cannot load the native addon; build it with \`make build\`. Tried:\n${failures.join("\n")}`,
  );
}
