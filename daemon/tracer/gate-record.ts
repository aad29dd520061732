// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import type { ExecutedFile } from "../model/process.ts";

/** One record of the native gate, decoded. The layout is RecordHeader in kernel/addon/src/snapshot.h. */
export interface GateRecord {
  readonly isHeld: boolean;
  /** What it was told for want of a decision, where it would have been held and too many were. */
  readonly undecided: "allow" | "deny" | undefined;
  readonly isArgvKnown: boolean;
  /** Whether the file of an exec that was not held is kept open; the ticket names it then. */
  readonly isKept: boolean;
  readonly ticket: { readonly slot: number; readonly generation: number };
  /** CLOCK_REALTIME when the gate read the event. */
  readonly timeNs: bigint;
  /** CLOCK_MONOTONIC at the same moment, milliseconds. */
  readonly monotonicMs: number;
  readonly tid: number;
  /** Number in the caller's system call table; -1 when it could not be read. */
  readonly syscall: number;
  readonly isCompat32: boolean;
  /** The call's path, argv and stack pointers as text: equal for the events of one call. */
  readonly call: string;
  readonly file: ExecutedFile;
  /** The life of the file's device number as a container root; 0 when it is none. */
  readonly generation: number;
  /** When the parent started, clock ticks after boot; undefined when it was gone. */
  readonly parentStart: bigint | undefined;
  /** The path that was passed to the call; empty for execveat on a descriptor, or when unknown. */
  readonly filename: ByteString;
  readonly argv: readonly ByteString[];
  /** NUL-separated KEY=value entries, the first 8 KiB. */
  readonly environment: ByteString;
  /** The first bytes of the file (at most 128). */
  readonly head: ByteString;
  /** Raw text of the /proc files. */
  readonly status: ByteString;
  readonly stat: ByteString;
  readonly cgroup: ByteString;
  readonly loginuid: ByteString;
  readonly cwd: ByteString;
}

const flag = {
  held: 1,
  argvKnown: 2,
  compat32: 64,
  undecided: 128,
  refused: 256,
  kept: 512,
} as const;
const parentStartAt = 120;
const lengthsAt = 128;
const generationAt = 168;
const headerBytes = 176;

/** Decodes every record of a batch; a batch holds whole records only. */
export function decodeRecords(batch: Buffer): readonly GateRecord[] {
  const records: GateRecord[] = [];
  for (let at = 0; at + headerBytes <= batch.length;) {
    const size = batch.readUInt32LE(at);
    if (size < headerBytes) break;
    records.push(decodeRecord(batch, at));
    at += size;
  }
  return records;
}

function decodeRecord(batch: Buffer, at: number): GateRecord {
  const flags = batch.readUInt16LE(at + 4);
  const next = sections(batch, at);
  const path = next();
  const filename = next();
  const argv = next();
  const parentStart = batch.readBigUInt64LE(at + parentStartAt);
  return {
    isHeld: (flags & flag.held) !== 0,
    isArgvKnown: (flags & flag.argvKnown) !== 0,
    isKept: (flags & flag.kept) !== 0,
    isCompat32: (flags & flag.compat32) !== 0,
    undecided: undecidedOf(flags),
    ticket: { slot: batch.readUInt32LE(at + 8), generation: batch.readUInt32LE(at + 12) },
    timeNs: batch.readBigUInt64LE(at + 16),
    monotonicMs: (batch.readUInt32LE(at + 28) * 2 ** 32 + batch.readUInt32LE(at + 24)) / 1e6,
    tid: batch.readInt32LE(at + 32),
    syscall: batch.readInt32LE(at + 36),
    call: batch.toString("latin1", at + 40, at + 64),
    file: decodeFile(batch, at, path),
    generation: batch.readUInt32LE(at + generationAt),
    parentStart: parentStart === 0n ? undefined : parentStart,
    filename,
    argv: argv === "" ? [] : argv.slice(0, -1).split("\0"),
    environment: next(),
    head: next(),
    status: next(),
    stat: next(),
    cgroup: next(),
    loginuid: next(),
    cwd: next(),
  };
}

function undecidedOf(flags: number): GateRecord["undecided"] {
  if ((flags & flag.undecided) === 0) return undefined;
  return (flags & flag.refused) === 0 ? "allow" : "deny";
}

function decodeFile(batch: Buffer, at: number, path: ByteString): ExecutedFile {
  return {
    path,
    device: batch.readUInt32LE(at + 64) * 0x100000 + batch.readUInt32LE(at + 68),
    inode: batch.readBigUInt64LE(at + 72),
    mode: batch.readUInt32LE(at + 80),
    uid: batch.readUInt32LE(at + 84),
    gid: batch.readUInt32LE(at + 88),
    size: Number(batch.readBigUInt64LE(at + 96)),
    mtimeNs: batch.readBigInt64LE(at + 104),
    ctimeNs: batch.readBigInt64LE(at + 112),
    isOnRoot: batch.readUInt32LE(at + generationAt) !== 0,
  };
}

// The sections follow the header one after the other; each call returns the next as a byte string.
function sections(batch: Buffer, record: number): () => ByteString {
  let index = 0;
  let at = record + headerBytes;
  return () => {
    const length = batch.readUInt32LE(record + lengthsAt + index * 4);
    const text = length === 0 ? "" : batch.toString("latin1", at, at + length);
    index += 1;
    at += length;
    return text;
  };
}
