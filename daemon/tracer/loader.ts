// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";

/** What runs when the first file that a call opens is an ELF loader. */
export interface LoadedProgram {
  /**
   * `arguments`: the loader was called as a program, and its arguments name what it loads (ld.so(8)). `unseen`: the call
   * asked for another file, which the gate did not see: it lies in memory or on a file system without a mark.
   */
  readonly by: "arguments" | "unseen";
  /** What the call or the arguments name; empty where nothing does. A claim, not an opened file. */
  readonly path: ByteString;
}

/** ld-linux-x86-64.so.2, ld-musl-x86_64.so.1, ld-2.31.so, ld64.so.2, ld.so.1. */
const loaderName = /^ld(64)?(-[A-Za-z0-9_.-]{1,32})?\.so(\.[0-9]{1,3}){0,3}$/;
/** Options of ld.so that take a value (elf/rtld.c, and musl's ldso/dynlink.c, which also takes `--name=value`). */
const optionsWithValue = new Set([
  "--library-path",
  "--glibc-hwcaps-prepend",
  "--glibc-hwcaps-mask",
  "--inhibit-rpath",
  "--audit",
  "--preload",
  "--argv0",
]);
const optionsMax = 64;

/** Whether a path is that of an ELF loader, by its name. */
export function isLoaderPath(path: ByteString): boolean {
  const name = path.lastIndexOf("/") + 1;
  return path.startsWith("ld", name) && loaderName.test(path.slice(name));
}

/**
 * What the loader runs, where it is the first file of a call: with a program that the gate sees, it is the second.
 * `filename` is the path that the call was given; empty for a descriptor.
 */
export function loadedProgram(
  filename: ByteString,
  argv: readonly ByteString[],
  cwd: ByteString,
): LoadedProgram {
  const named = programArgument(argv);
  const path = named === "" || named.startsWith("/") ? named : `${cwd}/${named}`;
  if (isLoaderPath(filename)) return { by: "arguments", path };
  return { by: "unseen", path: filename };
}

/** The first argument that is no option of the loader; empty when there is none. */
function programArgument(argv: readonly ByteString[]): ByteString {
  let at = 1;
  for (; at < argv.length && at < optionsMax; at++) {
    const word = argv[at] ?? "";
    if (word === "--") return argv[at + 1] ?? "";
    if (!word.startsWith("-")) return word;
    if (optionsWithValue.has(word)) at += 1;
  }
  return "";
}
