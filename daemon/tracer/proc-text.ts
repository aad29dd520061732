// tracer: bytes of the gate become one traced exec. Comes in: records of the native gate. Goes out:
// facts of the process and the call. Must not know: containers, rules, users' names.
// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";

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
  const pid = Number(valueOf(text, "Tgid"));
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return {
    pid,
    // real, effective, saved, filesystem: the effective one acts
    uid: Number(valueOf(text, "Uid").split("\t")[1]),
    gid: Number(valueOf(text, "Gid").split("\t")[1]),
    vpid: innermost(valueOf(text, "NStgid"), pid),
    vpgid: innermost(valueOf(text, "NSpgid"), 0),
    vsid: innermost(valueOf(text, "NSsid"), 0),
    capInheritable: hexadecimal(valueOf(text, "CapInh")),
    capPermitted: hexadecimal(valueOf(text, "CapPrm")),
    capEffective: hexadecimal(valueOf(text, "CapEff")),
  };
}

// "Name:\tVALUE\n"; the name of the process stands first and has its newlines escaped by the kernel.
function valueOf(text: ByteString, name: string): string {
  const label = `\n${name}:\t`;
  const at = text.indexOf(label);
  if (at < 0) return "";
  const start = at + label.length;
  const end = text.indexOf("\n", start);
  return text.slice(start, end < 0 ? text.length : end);
}

// Numbers of all pid namespaces, outermost first.
function innermost(value: string, fallback: number): number {
  const number = Number(value.slice(value.lastIndexOf("\t") + 1));
  return value === "" || !Number.isInteger(number) ? fallback : number;
}

function hexadecimal(value: string): bigint {
  return value === "" ? 0n : BigInt(`0x${value}`);
}

function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x30 || code > 0x39) return false;
  }
  return text.length > 0;
}
