// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";

/** One line of /etc/passwd (passwd(5)). */
export interface User {
  readonly name: ByteString;
  readonly home: ByteString;
  readonly shell: ByteString;
}

/** Who is who in one container. */
export interface UserDirectory {
  readonly users: ReadonlyMap<number, User>;
  /** Group names by gid. */
  readonly groups: ReadonlyMap<number, ByteString>;
}

const linesMax = 10_000;
const nameBytesMax = 256;

/** Reads passwd(5) and group(5) text; the first line for an id wins, as getpwuid(3) has it. Odd lines are left out. */
export function readUserDirectory(passwd: ByteString, group: ByteString): UserDirectory {
  const users = firstById(passwd, (name, [, , , , home, shell]) => ({
    name,
    home: (home ?? "").slice(0, nameBytesMax),
    shell: (shell ?? "").slice(0, nameBytesMax),
  }));
  return { users, groups: firstById(group, (name) => name) };
}

// Both files have the name first and the id third.
function firstById<T>(
  text: ByteString,
  make: (name: ByteString, rest: readonly string[]) => T,
): ReadonlyMap<number, T> {
  const found = new Map<number, T>();
  for (const [name = "", ...rest] of rowsOf(text)) {
    const id = idOf(rest[1]);
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
