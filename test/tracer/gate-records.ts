// SPDX-License-Identifier: Apache-2.0
import type { ExecutedFile } from "../../daemon/model/process.ts";
import type { GateRecord } from "../../daemon/tracer/gate-record.ts";

/** What a row changes of /proc/PID/stat; proc(5) numbers its fields from 1. */
export interface StatChanges {
  readonly pid?: number;
  readonly comm?: string;
  readonly ppid?: number;
  readonly startTicks?: number;
}

/** One line of /proc/PID/stat, with all 52 fields. */
export function statText(changes: StatChanges = {}): string {
  const { pid = 100, comm = "sh", ppid = 60, startTicks = 5000 } = changes;
  const upToTty = ["S", ppid, 100, 50, 34816];
  const upToStart = Array.from({ length: 14 }, (_, index) => index);
  const rest = Array.from({ length: 30 }, () => 0);
  return `${pid} (${comm}) ${[...upToTty, ...upToStart, startTicks, ...rest].join(" ")}\n`;
}

/** What a row changes of /proc/PID/status. */
export interface StatusChanges {
  readonly name?: string;
  readonly pid?: number;
  readonly vpid?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** The text of /proc/PID/status, as far as it is used, for a process one pid namespace below the host's. */
export function statusText(changes: StatusChanges = {}): string {
  const { name = "sh", pid = 100, vpid = 10, uid = 0, gid = 0 } = changes;
  const lines = [
    ...[`Name:\t${name}`, "Umask:\t0022", "State:\tS (sleeping)", `Tgid:\t${pid}`, "Ngid:\t0"],
    ...[`Pid:\t${pid}`, "PPid:\t60", `Uid:\t1\t${uid}\t2\t3`, `Gid:\t4\t${gid}\t5\t6`],
    ...["Groups:\t0 1 ", `NStgid:\t${pid}\t${vpid}`, `NSpid:\t${pid}\t${vpid}`],
    ...["NSpgid:\t100\t10", "NSsid:\t50\t1"],
    ...["CapInh:\t0000000000000001", "CapPrm:\t00000000a80425fb", "CapEff:\t0000003fffffffff"],
  ];
  return `${lines.join("\n")}\n`;
}

/** What a row changes of the sample record. */
export type RecordChanges = Partial<Omit<GateRecord, "file">> & {
  readonly file?: Partial<ExecutedFile>;
};

/** A held exec of /usr/bin/curl by pid 100, on a container root in its first life. */
export function gateRecord({ file, ...changes }: RecordChanges = {}): GateRecord {
  return {
    isHeld: true,
    undecided: undefined,
    isArgvKnown: true,
    isKept: false,
    ticket: { slot: 1, generation: 1 },
    timeNs: 1_700_000_000_000_000_000n,
    monotonicMs: 1_000,
    tid: 100,
    syscall: 59,
    isCompat32: false,
    call: "pointers",
    file: {
      path: "/usr/bin/curl",
      device: 42,
      inode: 7n,
      mode: 0o100755,
      uid: 0,
      gid: 0,
      size: 1_000,
      mtimeNs: 1n,
      ctimeNs: 2n,
      isOnRoot: true,
      ...file,
    },
    generation: 1,
    parentStart: 4_000n,
    filename: "/usr/bin/curl",
    argv: ["curl", "https://example.com"],
    environment: "HOME=/root\0PATH=/bin\0",
    head: "\x7fELF",
    status: statusText(),
    stat: statText(),
    cgroup: "0::/\n",
    loginuid: "4294967295",
    cwd: "/work",
    ...changes,
  };
}

/** The bits of RecordHeader::flags (kernel/addon/src/snapshot.h). */
export const recordFlags = {
  ...{
    held: 1,
    argvKnown: 2,
    argvTruncated: 4,
    compat32: 64,
    undecided: 128,
    refused: 256,
    kept: 512,
  },
} as const;

/** Writes a record as the native gate does: kernel/addon/src/snapshot.h, RecordHeader and its sections. */
export function encodeRecord(record: GateRecord, flags: number): Buffer {
  const argv = record.argv.map((text) => `${text}\0`).join("");
  const texts = [
    ...[record.file.path, record.filename, argv, record.environment, record.head],
    ...[record.status, record.stat, record.cgroup, record.loginuid, record.cwd],
  ].map((text) => Buffer.from(text, "latin1"));
  const length = texts.reduce((sum, text) => sum + text.length, 176);
  const header = Buffer.alloc(176);
  header.writeUInt32LE(Math.ceil(length / 8) * 8, 0);
  header.writeUInt16LE(flags, 4);
  header.writeUInt16LE(1, 6);
  header.writeUInt32LE(record.ticket.slot, 8);
  header.writeUInt32LE(record.ticket.generation, 12);
  header.writeBigUInt64LE(record.timeNs, 16);
  header.writeBigUInt64LE(BigInt(record.monotonicMs * 1e6), 24);
  header.writeInt32LE(record.tid, 32);
  header.writeInt32LE(record.syscall, 36);
  header.write(record.call, 40, 24, "latin1");
  header.writeUInt32LE(Math.floor(record.file.device / 0x100000), 64);
  header.writeUInt32LE(record.file.device % 0x100000, 68);
  header.writeBigUInt64LE(record.file.inode, 72);
  header.writeUInt32LE(record.file.mode, 80);
  header.writeUInt32LE(record.file.uid, 84);
  header.writeUInt32LE(record.file.gid, 88);
  header.writeUInt32LE(record.argv.length, 92);
  header.writeBigUInt64LE(BigInt(record.file.size), 96);
  header.writeBigInt64LE(record.file.mtimeNs, 104);
  header.writeBigInt64LE(record.file.ctimeNs, 112);
  header.writeBigUInt64LE(record.parentStart ?? 0n, 120);
  texts.forEach((text, index) => header.writeUInt32LE(text.length, 128 + index * 4));
  header.writeUInt32LE(record.generation, 168);
  return Buffer.concat([header, ...texts, Buffer.alloc((8 - (length % 8)) % 8)]);
}
