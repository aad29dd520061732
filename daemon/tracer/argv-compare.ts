// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";

/**
 * How the arguments that were judged stand to those that are there afterwards. `rewritten`: other bytes in the same
 * room, in another number of strings; programs that set their own title do that, and so could somebody who hides.
 */
export type ArgvVerdict = "same" | "changed" | "rewritten";

/** Bytes of argv from which on the snapshot may have cut it (kernel/addon/src/snapshot.cc, kArgvMax). */
const cutFrom = 28 << 10;

/** The bytes that argv takes on the new stack: each string with its zero. */
function argvBytes(argv: readonly ByteString[]): number {
  let bytes = 0;
  for (const text of argv) bytes += text.length + 1;
  return bytes;
}

/**
 * Compares with the kernel's own copy. For a script the kernel puts the interpreter, its argument and the script's
 * path in the place of argv[0] (fs/binfmt_script.c): the rest has to be the same. An empty argv becomes one empty
 * string (fs/exec.c). Of a very long argv only the head is compared.
 */
export function isSameArgv(
  judged: readonly ByteString[],
  copied: readonly ByteString[],
  isScript: boolean,
): boolean {
  const all = judged.length === 0 ? [""] : judged;
  const isCut = argvBytes(all) >= cutFrom;
  const wanted = isScript ? all.slice(1) : all;
  const from = isScript ? scriptOffset(all, copied, isCut) : 0;
  if (from < 0) return false;
  return isCut
    ? wanted.every((was, index) => copied[from + index]?.startsWith(was) === true)
    : isEqualArgv(wanted, copied.slice(from));
}

/** The same strings in the same number. */
export function isEqualArgv(a: readonly ByteString[], b: readonly ByteString[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}

// Where the arguments behind argv[0] begin: behind interpreter, an argument of it, and the script's path.
function scriptOffset(
  judged: readonly ByteString[],
  copied: readonly ByteString[],
  isCut: boolean,
): number {
  if (!isCut) return copied.length - (judged.length - 1);
  return copied.findIndex((_, index) => index >= 2 && copied[index] === judged[1]);
}

/**
 * Compares with what stands in the process's memory some time after the exec, which the process itself may have
 * written to by then. `length` is that of the room that the kernel made for argv: nobody but the kernel sets it,
 * save PR_SET_MM (prctl(2)).
 */
export function compareMemory(
  judged: readonly ByteString[],
  memory: { readonly bytes: ByteString; readonly length: number },
  isScript: boolean,
): ArgvVerdict {
  const isEnded = memory.bytes.endsWith("\0");
  const strings = (isEnded ? memory.bytes.slice(0, -1) : memory.bytes).split("\0");
  if (isSameArgv(judged, strings, isScript)) return "same";
  // More than is read of it: what was read is compared by its head.
  if (memory.bytes.length < memory.length) return "same";
  if (isScript) return strings.length >= judged.length + 1 ? "changed" : "rewritten";
  const wanted = judged.length === 0 ? [""] : judged;
  if (argvBytes(wanted) !== memory.length) return "changed";
  return isEnded && strings.length === wanted.length ? "changed" : "rewritten";
}
