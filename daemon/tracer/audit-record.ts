// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";

/** One record as the kernel wrote it: one line of one event. */
export interface AuditRecord {
  readonly type: number;
  /** Equal for all records of one event: `seconds.milliseconds:serial`. */
  readonly event: string;
  readonly serial: number;
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  /** Values as they stand, quotes and all, by name. */
  readonly values: ReadonlyMap<string, ByteString>;
}

/** Types of linux/audit.h that make up an exec. */
export const auditType = { syscall: 1300, path: 1302, cwd: 1307, execve: 1309, end: 1320 } as const;

const headerBytes = 24;
/** A record has at most this many values; the kernel itself writes some 30, or arguments. */
const valuesMax = 4_096;
const start = "audit(";

/** The records of one hand-over buffer; the layout is AuditRecordHeader in kernel/addon/src/audit.h. */
export function decodeAuditRecords(batch: Buffer): {
  readonly records: readonly AuditRecord[];
  /** Records that could not be read. */
  readonly unread: number;
} {
  const records: AuditRecord[] = [];
  let unread = 0;
  for (let at = 0; at + headerBytes <= batch.length;) {
    const size = batch.readUInt32LE(at);
    if (size < headerBytes) break;
    const length = Math.min(batch.readUInt32LE(at + 8), size - headerBytes);
    const text = batch.toString("latin1", at + headerBytes, at + headerBytes + length);
    const record = parseAuditRecord(batch.readUInt16LE(at + 4), text);
    if (record === undefined) unread += 1;
    else records.push(record);
    at += size;
  }
  return { records, unread };
}

/** Reads `audit(SECONDS.MILLIS:SERIAL): NAME=VALUE …`; undefined when it is not of that form. */
export function parseAuditRecord(type: number, text: ByteString): AuditRecord | undefined {
  const end = text.indexOf(")");
  if (!text.startsWith(start) || end < 0 || end > 64) return undefined;
  const event = text.slice(start.length, end);
  const parts = /^(\d{1,12})\.(\d{3}):(\d{1,10})$/.exec(event);
  if (parts === null) return undefined;
  return {
    type,
    event,
    serial: Number(parts[3]),
    timeMs: Number(parts[1]) * 1_000 + Number(parts[2]),
    values: parseValues(text, end + 1),
  };
}

// NAME=VALUE separated by blanks; a value in quotes may hold blanks, but neither a quote nor a control
// character: the kernel writes such a one as hex (audit_log_untrustedstring).
function parseValues(text: ByteString, from: number): ReadonlyMap<string, ByteString> {
  const values = new Map<string, ByteString>();
  let at = from;
  while (at < text.length && values.size < valuesMax) {
    const equals = text.indexOf("=", at);
    if (equals < 0) break;
    const name = text.slice(text.lastIndexOf(" ", equals) + 1, equals);
    const isQuoted = text[equals + 1] === '"';
    const end = isQuoted ? text.indexOf('"', equals + 2) + 1 : text.indexOf(" ", equals + 1);
    const stop = end <= 0 ? text.length : end;
    values.set(name, text.slice(equals + 1, stop));
    at = stop;
  }
  return values;
}

/**
 * What a text of an untrusted source says: in quotes as it is, else hex. `(null)` and `(none)` stand for nothing.
 */
export function decodeText(value: ByteString | undefined): ByteString | undefined {
  if (value === undefined || value === "(null)" || value === "(none)") return undefined;
  if (value.startsWith('"')) return value.slice(1, value.endsWith('"') ? -1 : undefined);
  return decodeHex(value) ?? value;
}

/** The bytes that an even number of hexadecimal digits stands for; undefined for anything else. */
export function decodeHex(value: ByteString): ByteString | undefined {
  if (value.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(value)) return undefined;
  return Buffer.from(value, "hex").toString("latin1");
}

/** A decimal number; undefined when it is none. */
export function decodeNumber(value: ByteString | undefined): number | undefined {
  return value !== undefined && /^-?\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/** `MAJOR:MINOR` in hexadecimal as major << 20 | minor. */
export function decodeDevice(value: ByteString | undefined): number | undefined {
  const parts = /^([0-9a-f]{1,3}):([0-9a-f]{1,5})$/.exec(value ?? "");
  if (parts === null) return undefined;
  return parseInt(parts[1] ?? "", 16) * 0x100000 + parseInt(parts[2] ?? "", 16);
}
