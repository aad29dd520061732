// From the words of audit to those of the model.
// SPDX-License-Identifier: Apache-2.0
import { containerIdsOf } from "./enrich/cgroup.ts";
import { startTimeNs } from "./enrich/enrich.ts";
import type { ProcessFacts } from "./enrich/process-tree.ts";
import type { ProcessKey } from "./guard/process-containers.ts";
import type { ExecEvent, SecondView } from "./model/event.ts";
import type { ExecutedFile, Process } from "./model/process.ts";
import type { AuditExec } from "./tracer/audit-exec.ts";
import type { ByteString } from "./util/byte-string.ts";

/** What /proc tells beside the record, and where the process stands. */
export interface AuditSurroundings {
  /** Undefined when the process has ended. */
  readonly facts: ProcessFacts | undefined;
  readonly parent: Process | undefined;
  readonly bootNs: bigint;
}

/** The clock tick of start times (proc(5)), and the steps of audit's clock and of ours between two readings. */
const clockStepNs = 15_000_000n;

/**
 * Whether what /proc tells of the pid now is told of the process that audit recorded, which may have ended and left its
 * pid to another: who held the pid before the call began is the one that made it, and who is no older than the call
 * must still be what it executed.
 */
function isOfSameProcess(audit: AuditExec, facts: ProcessFacts): boolean {
  const callNs = BigInt(audit.timeMs) * 1_000_000n;
  return facts.startNs + clockStepNs <= callNs || facts.exepath === audit.exe;
}

/** Who made the call, as far as /proc still tells. */
export interface AuditHolder {
  /** Undefined when the process has ended. */
  readonly facts: ProcessFacts | undefined;
  /** The process and its parent. */
  readonly keys: readonly ProcessKey[];
  /** Ids in the control groups of the two. */
  readonly cgroupIds: readonly string[];
}

/** Reads /proc of the process that audit recorded, and of its parent. */
export function holderOf(
  audit: AuditExec,
  read: {
    readonly readProcess: (pid: number) => ProcessFacts | undefined;
    readonly readCgroup: (pid: number) => ByteString;
  },
): AuditHolder {
  const { pid, ppid } = audit;
  const holder = read.readProcess(pid);
  const facts = holder !== undefined && isOfSameProcess(audit, holder) ? holder : undefined;
  const keys = [keyOf(pid, facts), keyOf(ppid, read.readProcess(ppid))];
  const pids = facts === undefined ? [ppid] : [pid, ppid];
  return { facts, keys, cgroupIds: pids.flatMap((id) => containerIdsOf(read.readCgroup(id))) };
}

function keyOf(pid: number, facts: ProcessFacts | undefined): ProcessKey {
  return facts === undefined ? { pid } : { pid, startTicks: facts.startTicks };
}

/** The process as it stands after the exec. */
export function processOfAudit(audit: AuditExec, around: AuditSurroundings): Process {
  const { facts, parent, bootNs } = around;
  const argv = audit.argv ?? [];
  return {
    ...(facts ?? unknownIds(bootNs)),
    pid: audit.pid,
    ppid: audit.ppid,
    uid: audit.uid,
    gid: audit.gid,
    ...(audit.loginuid === undefined ? {} : { loginuid: audit.loginuid }),
    comm: audit.comm,
    exe: argv[0] ?? "",
    exepath: pathOf(audit),
    argv,
    env: [],
    ...(audit.cwd === undefined ? {} : { cwd: audit.cwd }),
    ...(parent === undefined ? {} : { parent }),
  };
}

/** The file that was executed; audit tells neither its size nor its times. */
export function fileOfAudit(audit: AuditExec): ExecutedFile {
  const [file] = audit.files;
  return {
    ...(file ?? { device: 0, mode: 0, uid: 0, gid: 0 }),
    path: pathOf(audit),
    inode: BigInt(file?.inode ?? 0),
    ...{ size: 0, mtimeNs: 0n, ctimeNs: 0n },
  };
}

// What ran is in `exe`; the kernel adds that an anonymous file has no name any more.
function pathOf({ exe }: AuditExec): ByteString {
  const suffix = " (deleted)";
  return exe.startsWith("/memfd:") && exe.endsWith(suffix) ? exe.slice(0, -suffix.length) : exe;
}

// A process that ended before anybody could look.
function unknownIds(bootNs: bigint) {
  return {
    ...{ vpid: 0, sid: 0, vsid: 0, pgid: 0, vpgid: 0, tty: 0 },
    startTicks: 0n,
    startNs: startTimeNs(0n, bootNs),
  };
}

/** What audit says, before anything is known of the gate's view. */
export function viewOf<F extends SecondView["finding"]>(finding: F) {
  return { finding, by: "audit", isGateSeen: false, errno: 0 } as const;
}

/** The event with the arguments that were found. */
export function withArgv(event: ExecEvent, argv: readonly ByteString[]): ExecEvent {
  const process = { ...event.process, argv, exe: argv[0] ?? "" };
  return { ...event, process, isArgvKnown: true };
}

/** The pointers of path and argv in a gate record's `call` (bytes 0 to 15, little endian), as audit writes them. */
export function callOf(call: ByteString): string {
  const bytes = Buffer.from(call, "latin1");
  return `${bytes.readBigUInt64LE(0).toString(16)} ${bytes.readBigUInt64LE(8).toString(16)}`;
}
