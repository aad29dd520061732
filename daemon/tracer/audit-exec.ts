// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import {
  auditType,
  decodeDevice,
  decodeHex,
  decodeNumber,
  decodeText,
  type AuditRecord,
} from "./audit-record.ts";

/** A file that the call opened, as audit tells it. */
export interface AuditFile {
  /** As the caller named it; empty for execveat on a descriptor. */
  readonly name: ByteString;
  readonly device: number;
  readonly inode: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** One exec as the kernel recorded it when the call ended. */
export interface AuditExec {
  readonly timeMs: number;
  readonly serial: number;
  readonly syscall: "execve" | "execveat";
  /** 0, or the positive errno. */
  readonly errno: number;
  /** Pointers of the call's path and argv, hexadecimal: they tell calls of one process apart. */
  readonly call: string;
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly gid: number;
  /** Undefined when unset. */
  readonly loginuid?: number;
  readonly comm: ByteString;
  /** Of the new program; of the old one when the call failed. */
  readonly exe: ByteString;
  readonly cwd?: ByteString;
  /** The kernel's own copy; undefined when the call failed, or a part of it is missing. */
  readonly argv?: readonly ByteString[];
  /** In the order in which they were opened: script, interpreter, ELF loader. */
  readonly files: readonly AuditFile[];
}

/** execve and execveat by architecture (linux/audit.h, AUDIT_ARCH_*) and number. */
const callNames: ReadonlyMap<string, AuditExec["syscall"]> = new Map([
  ["c000003e 59", "execve"],
  ["c000003e 322", "execveat"],
  ["40000003 11", "execve"],
  ["40000003 358", "execveat"],
  ["c00000b7 221", "execve"],
  ["c00000b7 281", "execveat"],
  ["40000028 11", "execve"],
  ["40000028 387", "execveat"],
]);
const unset = 4294967295;
const argumentsMax = 65_536;

/** Puts the records of one event together; undefined when they are of something else than an exec. */
export function execOf(records: readonly AuditRecord[]): AuditExec | undefined {
  const call = records.find(({ type }) => type === auditType.syscall);
  if (call === undefined) return undefined;
  const { values } = call;
  const syscall = callNames.get(`${values.get("arch") ?? ""} ${values.get("syscall") ?? ""}`);
  const pid = decodeNumber(values.get("pid"));
  if (syscall === undefined || pid === undefined) return undefined;
  const number = (name: string): number => decodeNumber(values.get(name)) ?? 0;
  const loginuid = number("auid");
  return {
    timeMs: call.timeMs,
    serial: call.serial,
    syscall,
    errno: values.get("success") === "yes" ? 0 : Math.max(1, -number("exit")),
    call: callOf(syscall, values),
    pid,
    ppid: number("ppid"),
    uid: number("euid"),
    gid: number("egid"),
    ...(loginuid === unset ? {} : { loginuid }),
    comm: decodeText(values.get("comm")) ?? "",
    exe: decodeText(values.get("exe")) ?? "",
    ...cwdOf(records),
    ...argvOf(records),
    files: filesOf(records),
  };
}

function callOf(syscall: AuditExec["syscall"], values: AuditRecord["values"]): string {
  const [path, argv] = syscall === "execve" ? (["a0", "a1"] as const) : (["a1", "a2"] as const);
  return `${values.get(path) ?? ""} ${values.get(argv) ?? ""}`;
}

function cwdOf(records: readonly AuditRecord[]): Pick<AuditExec, "cwd"> {
  const cwd = decodeText(records.find(({ type }) => type === auditType.cwd)?.values.get("cwd"));
  return cwd === undefined ? {} : { cwd };
}

function filesOf(records: readonly AuditRecord[]): readonly AuditFile[] {
  const items: (readonly [item: number, file: AuditFile])[] = [];
  for (const { type, values } of records) {
    const device = decodeDevice(values.get("dev"));
    // A name that leads nowhere has no device.
    if (type !== auditType.path || device === undefined) continue;
    items.push([
      decodeNumber(values.get("item")) ?? 0,
      {
        name: decodeText(values.get("name")) ?? "",
        device,
        inode: decodeNumber(values.get("inode")) ?? 0,
        mode: parseInt(values.get("mode") ?? "0", 8),
        uid: decodeNumber(values.get("ouid")) ?? 0,
        gid: decodeNumber(values.get("ogid")) ?? 0,
      },
    ]);
  }
  return items.sort(([a], [b]) => a - b).map(([, file]) => file);
}

// `argc=N a0=… a1_len=L a1[0]=… a1[1]=…`, over as many records as it takes (audit_log_execve_info).
function argvOf(records: readonly AuditRecord[]): Pick<AuditExec, "argv"> {
  const values = new Map<string, ByteString>();
  for (const record of records) {
    if (record.type !== auditType.execve) continue;
    for (const [name, value] of record.values) values.set(name, value);
  }
  const count = decodeNumber(values.get("argc"));
  if (count === undefined || count < 0 || count > argumentsMax) return {};
  const argv: ByteString[] = [];
  for (let index = 0; index < count; index++) {
    const whole = values.get(`a${index}`);
    const argument = whole === undefined ? inPieces(values, index) : decodeArgument(whole);
    if (argument === undefined) return {};
    argv.push(argument);
  }
  return { argv };
}

// `(none)` means nothing elsewhere; an argument may well say so, and is then in quotes.
function decodeArgument(value: ByteString): ByteString {
  return value.startsWith('"') ? value.slice(1, -1) : (decodeHex(value) ?? value);
}

// The length is that of the digits, as the kernel writes it: two for each byte when it is hex.
function inPieces(values: ReadonlyMap<string, ByteString>, index: number): ByteString | undefined {
  const length = decodeNumber(values.get(`a${index}_len`));
  if (length === undefined) return undefined;
  const parts: ByteString[] = [];
  let got = 0;
  for (let piece = 0; got < length; piece++) {
    const value = values.get(`a${index}[${piece}]`);
    if (value === undefined) return undefined;
    const isQuoted = value.startsWith('"');
    got += isQuoted ? value.length - 2 : value.length;
    parts.push(decodeArgument(value));
    if (value.length === 0) return undefined;
  }
  return parts.join("");
}
