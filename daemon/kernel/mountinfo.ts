// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import { deviceNumber } from "./gate.ts";
import { readProc } from "./proc.ts";

/** One line of /proc/PID/mountinfo (proc(5)). */
export interface Mount {
  readonly id: number;
  /** The mount that it is mounted on. */
  readonly parent: number;
  /** st_dev of the files on it, as major << 20 | minor. */
  readonly device: number;
  /** The directory of the filesystem that is the root of this mount. */
  readonly root: ByteString;
  /** Mount point, relative to the reading process's root; octal escapes resolved. */
  readonly point: ByteString;
  /** Per-mount options such as `ro`, `noexec`. */
  readonly options: readonly string[];
  readonly type: string;
  /** Options of the file system, as the kernel writes them: with octal escapes. */
  readonly superOptions: string;
}

/** This process's own table; undefined when it cannot be read. */
export function readMountinfo(): ByteString | undefined {
  return readProc("/proc/self/mountinfo");
}

/** Reads the whole table, in mount order. A line that is not of the documented form is left out. */
export function parseMountinfo(text: ByteString): readonly Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split("\n")) {
    const mount = parseLine(line);
    if (mount !== undefined) mounts.push(mount);
  }
  return mounts;
}

// ID PARENT MAJOR:MINOR ROOT POINT OPTIONS OPTIONAL… - TYPE SOURCE SUPEROPTIONS
function parseLine(line: string): Mount | undefined {
  const fields = line.split(" ");
  const separator = fields.indexOf("-", 6);
  const [id, parent, device, root, point, options] = fields;
  const type = fields[separator + 1];
  if (separator < 0 || root === undefined || point === undefined || type === undefined) {
    return undefined;
  }
  const [major, minor] = (device ?? "").split(":").map(Number);
  if (!Number.isInteger(major) || !Number.isInteger(minor)) return undefined;
  return {
    id: Number(id),
    parent: Number(parent),
    device: deviceNumber(major ?? 0, minor ?? 0),
    root: unescapeOctal(root),
    point: unescapeOctal(point),
    options: (options ?? "").split(","),
    type,
    superOptions: fields[separator + 3] ?? "",
  };
}

/** The kernel writes blank, tab, newline, backslash and '#' as \ooo (fs/proc_namespace.c, mangle). */
export function unescapeOctal(text: string): ByteString {
  if (!text.includes("\\")) return text;
  let result = "";
  for (let i = 0; i < text.length; i++) {
    const digits = text.slice(i + 1, i + 4);
    if (text[i] === "\\" && /^[0-7]{3}$/.test(digits)) {
      result += String.fromCharCode(Number.parseInt(digits, 8));
      i += 3;
    } else {
      result += text.charAt(i);
    }
  }
  return result;
}
