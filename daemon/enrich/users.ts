// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import { readIdMap, type IdMap } from "./id-map.ts";

/** One line of /etc/passwd (passwd(5)). */
export interface User {
  readonly name: ByteString;
  readonly home: ByteString;
  readonly shell: ByteString;
}

/** Who is who in one container, by the host's ids. */
export interface UserDirectory {
  readonly users: ReadonlyMap<number, User>;
  /** Group names by gid. */
  readonly groups: ReadonlyMap<number, ByteString>;
}

const linesMax = 10_000;
const nameBytesMax = 256;

/** The files of one container, and how its user namespace numbers its ids. */
export interface UserFiles {
  /** passwd(5) and group(5). */
  readonly passwd: ByteString;
  readonly group: ByteString;
  /** /proc/PID/uid_map and gid_map; empty where there is no user namespace. */
  readonly uidMap?: ByteString;
  readonly gidMap?: ByteString;
}

/**
 * Reads who is who, by the ids that the host sees; the first line for an id wins, as getpwuid(3) has it. Odd lines, and
 * ids that the namespace maps to nobody, are left out.
 */
export function readUserDirectory(files: UserFiles): UserDirectory {
  const users = firstById(
    files.passwd,
    readIdMap(files.uidMap ?? ""),
    (name, [, , , , home, shell]) => ({
      name,
      home: (home ?? "").slice(0, nameBytesMax),
      shell: (shell ?? "").slice(0, nameBytesMax),
    }),
  );
  return { users, groups: firstById(files.group, readIdMap(files.gidMap ?? ""), (name) => name) };
}

// Both files have the name first and the id third.
function firstById<T>(
  text: ByteString,
  toHost: IdMap,
  make: (name: ByteString, rest: readonly string[]) => T,
): ReadonlyMap<number, T> {
  const found = new Map<number, T>();
  for (const [name = "", ...rest] of rowsOf(text)) {
    const inside = idOf(rest[1]);
    const id = inside === undefined ? undefined : toHost(inside);
    if (name !== "" && id !== undefined && !found.has(id)) {
      found.set(id, make(name.slice(0, nameBytesMax), rest));
    }
  }
  return found;
}

function rowsOf(text: ByteString): readonly (readonly string[])[] {
  return text
    .split("\n", linesMax)
    .filter((line) => line.includes(":"))
    .map((line) => line.split(":", 7));
}

function idOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,10}$/.test(text) ? Number(text) : undefined;
}
