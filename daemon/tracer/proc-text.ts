// tracer: bytes of the gate become one traced exec. Comes in: records of the native gate. Goes out:
// facts of the process and the call. Must not know: containers, rules, users' names.
// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import { rememberLast } from "../util/remember-last.ts";

/** /proc/PID/stat, the fields that are used (proc(5)). */
export interface StatFacts {
  readonly comm: ByteString;
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  readonly tty: number;
  /** Field 22, clock ticks after boot. */
  readonly startTicks: bigint;
}

/** /proc/PID/status, the fields that are used (proc(5)). */
export interface StatusFacts {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly vpid: number;
  readonly vpgid: number;
  readonly vsid: number;
  readonly capInheritable: bigint;
  readonly capPermitted: bigint;
  readonly capEffective: bigint;
}

/** Reads one line of /proc/PID/stat; undefined when it is not of that form. */
export function parseStat(text: ByteString): StatFacts | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 0 || close < open) return undefined;
  // Behind the name: state ppid pgrp session tty_nr …, field 3 onwards. Where fields are missing, so is the last of them.
  const ppidAt = fieldAfter(text, close + 2);
  const pgidAt = fieldAfter(text, ppidAt);
  const sidAt = fieldAfter(text, pgidAt);
  const ttyAt = fieldAfter(text, sidAt);
  let startAt = ttyAt;
  for (let field = 7; field < 22; field++) startAt = fieldAfter(text, startAt);
  const startTicks = startAt === 0 ? "" : fieldAt(text, startAt);
  if (!isDigits(startTicks)) return undefined;
  return {
    comm: text.slice(open + 1, close),
    ppid: Number(fieldAt(text, ppidAt)),
    pgid: Number(fieldAt(text, pgidAt)),
    sid: Number(fieldAt(text, sidAt)),
    tty: Number(fieldAt(text, ttyAt)),
    startTicks: BigInt(startTicks),
  };
}

// Where the next field begins; 0 when there is none.
function fieldAfter(text: ByteString, at: number): number {
  return at === 0 ? 0 : text.indexOf(" ", at) + 1;
}

function fieldAt(text: ByteString, at: number): string {
  const end = text.indexOf(" ", at);
  return text.slice(at, end < 0 ? text.length : end);
}

/** Reads /proc/PID/status; undefined when it has no thread group id. */
export function parseStatus(text: ByteString): StatusFacts | undefined {
  const value = valuesOf(text);
  const pid = Number(value("\nTgid:\t"));
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return {
    pid,
    uid: effective(value("\nUid:\t")),
    gid: effective(value("\nGid:\t")),
    vpid: innermost(value("\nNStgid:\t"), pid),
    vpgid: innermost(value("\nNSpgid:\t"), 0),
    vsid: innermost(value("\nNSsid:\t"), 0),
    capInheritable: inheritableOf(value("\nCapInh:\t")),
    capPermitted: permittedOf(value("\nCapPrm:\t")),
    capEffective: effectiveOf(value("\nCapEff:\t")),
  };
}

// "Name:\tVALUE\n"; the name of the process stands first and has its newlines escaped by the kernel. Each value is
// looked for behind the one before: the order is the kernel's (proc_pid_status, fs/proc/array.c).
function valuesOf(text: ByteString): (label: string) => string {
  let from = 0;
  return (label) => {
    const at = text.indexOf(label, from);
    if (at < 0) return "";
    const start = at + label.length;
    const end = text.indexOf("\n", start);
    from = end < 0 ? text.length : end;
    return text.slice(start, from);
  };
}

// real, effective, saved, filesystem: the effective one acts
function effective(ids: string): number {
  const at = ids.indexOf("\t") + 1;
  const end = ids.indexOf("\t", at);
  return at === 0 ? NaN : Number(ids.slice(at, end < 0 ? ids.length : end));
}

// Numbers of all pid namespaces, outermost first.
function innermost(value: string, fallback: number): number {
  const number = Number(value.slice(value.lastIndexOf("\t") + 1));
  return value === "" || !Number.isInteger(number) ? fallback : number;
}

function hexadecimal(value: string): bigint {
  return value === "" ? 0n : BigInt(`0x${value}`);
}

// Processes that follow each other mostly have the same capabilities.
const inheritableOf = rememberLast(hexadecimal);
const permittedOf = rememberLast(hexadecimal);
const effectiveOf = rememberLast(hexadecimal);

function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x30 || code > 0x39) return false;
  }
  return text.length > 0;
}
