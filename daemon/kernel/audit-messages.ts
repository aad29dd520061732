// The binary messages of the audit netlink protocol (linux/audit.h), to and fro. Pure.
// SPDX-License-Identifier: Apache-2.0
import type { AuditLimits } from "../model/audit-changes.ts";

/** Numbers of linux/audit.h that are used. */
export const auditMessage = {
  get: 1000,
  set: 1001,
  addRule: 1011,
  deleteRule: 1012,
  listRules: 1013,
} as const;

/** `struct audit_status`. */
export interface AuditStatus {
  /** 0 off, 1 on, 2 on and locked until the next boot. */
  readonly enabled: number;
  /** What the kernel does at a loss: 0 nothing, 1 say it, 2 panic. */
  readonly failure: number;
  /** The owner's; 0 for none. */
  readonly pid: number;
  readonly backlogLimit: number;
  /** Records that the kernel has dropped since the last boot or reset. */
  readonly lost: number;
  readonly backlog: number;
  /** AUDIT_FEATURE_BITMAP_*. */
  readonly features: number;
  /** Jiffies that one record waits for room; 0 when the kernel does not say. */
  readonly backlogWaitTime: number;
}

/** What AUDIT_SET changes; what is left out stays. */
export interface AuditSettings extends AuditLimits {
  /** The owner's. */
  readonly pid?: number;
}

/** One of our rules: execs that touch a file of this device. */
export interface DeviceRule {
  /** st_dev as major << 20 | minor. */
  readonly device: number;
  readonly arch: "b64" | "b32";
}

/** Names our rules among everybody's. */
const ruleKey = "execwarden";

const statusWords = 11;
const maskOf = { enabled: 1, failure: 2, pid: 4, backlogLimit: 0x10, backlogWaitTime: 0x20 };
const wordOf = { enabled: 1, failure: 2, pid: 3, backlogLimit: 5, backlogWaitTime: 9 };

const filterExit = 4;
const always = 2;
const equal = 0x40000000;
const field = { arch: 11, devMajor: 100, devMinor: 101, filterKey: 210 };
const fieldsMax = 64;
const maskWords = 64;
const fieldsAt = (3 + maskWords) * 4;
const valuesAt = fieldsAt + fieldsMax * 4;
const flagsAt = valuesAt + fieldsMax * 4;
const lengthAt = flagsAt + fieldsMax * 4;
const textAt = lengthAt + 4;

/** execve and execveat in each table (arch/x86/entry/syscalls, include/uapi/asm-generic/unistd.h, arch/arm/tools). */
const calls: Readonly<
  Record<string, { readonly arch: number; readonly numbers: readonly number[] }>
> = {
  "x64 b64": { arch: 0xc000003e, numbers: [59, 322] },
  "x64 b32": { arch: 0x40000003, numbers: [11, 358] },
  "arm64 b64": { arch: 0xc00000b7, numbers: [221, 281] },
  "arm64 b32": { arch: 0x40000028, numbers: [11, 387] },
};

/** Reads an answer to AUDIT_GET; undefined when it is too short. Older kernels leave out what is last. */
export function decodeStatus(payload: Buffer): AuditStatus | undefined {
  if (payload.length < 8 * 4) return undefined;
  const word = (index: number): number =>
    payload.length >= (index + 1) * 4 ? payload.readUInt32LE(index * 4) : 0;
  return {
    enabled: word(1),
    failure: word(2),
    pid: word(3),
    backlogLimit: word(5),
    lost: word(6),
    backlog: word(7),
    features: word(8),
    backlogWaitTime: word(9),
  };
}

/** The message of AUDIT_SET. */
export function encodeSettings(settings: AuditSettings): Buffer {
  const payload = Buffer.alloc(statusWords * 4);
  let mask = 0;
  for (const name of Object.keys(maskOf) as (keyof AuditSettings)[]) {
    const value = settings[name];
    if (value === undefined) continue;
    mask |= maskOf[name];
    payload.writeUInt32LE(value, wordOf[name] * 4);
  }
  payload.writeUInt32LE(mask, 0);
  return payload;
}

/** `struct audit_rule_data` of one rule; undefined for a machine whose calls are not known. */
export function encodeRule(rule: DeviceRule, machine: string): Buffer | undefined {
  const call = calls[`${machine} ${rule.arch}`];
  if (call === undefined) return undefined;
  const fields: readonly (readonly [type: number, value: number])[] = [
    [field.arch, call.arch],
    [field.devMajor, Math.floor(rule.device / 0x100000)],
    [field.devMinor, rule.device % 0x100000],
    [field.filterKey, ruleKey.length],
  ];
  const payload = Buffer.alloc(textAt + ruleKey.length);
  payload.writeUInt32LE(filterExit, 0);
  payload.writeUInt32LE(always, 4);
  payload.writeUInt32LE(fields.length, 8);
  for (const number of call.numbers) {
    const at = 12 + Math.floor(number / 32) * 4;
    payload.writeUInt32LE((payload.readUInt32LE(at) | (1 << (number % 32))) >>> 0, at);
  }
  fields.forEach(([type, value], index) => {
    payload.writeUInt32LE(type, fieldsAt + index * 4);
    payload.writeUInt32LE(value, valuesAt + index * 4);
    payload.writeUInt32LE(equal, flagsAt + index * 4);
  });
  payload.writeUInt32LE(ruleKey.length, lengthAt);
  payload.write(ruleKey, textAt, "latin1");
  return payload;
}

/** True for a listed rule (an answer to AUDIT_LIST_RULES) that a daemon of ours has set. */
export function isOurRule(payload: Buffer): boolean {
  if (payload.length < textAt) return false;
  const count = Math.min(payload.readUInt32LE(8), fieldsMax);
  const textEnd = textAt + payload.readUInt32LE(lengthAt);
  // Texts of several fields stand one after the other, in the order of the fields; ours has one only.
  const hasKey = Array.from({ length: count }).some(
    (_, index) => payload.readUInt32LE(fieldsAt + index * 4) === field.filterKey,
  );
  return hasKey && payload.subarray(textAt, textEnd).toString("latin1") === ruleKey;
}
