// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";

/** Whom a program runs as. */
export interface LocalUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** More than any id (4294967295 stands for none). */
const idMax = 4_294_967_294;

/**
 * Finds a user by name, `UID` or `UID:GID` in /etc/passwd (passwd(5)); undefined when there is none. A number needs no
 * entry: it has a group of the same number then. Users that only a directory service knows have no name here.
 */
export async function findUser(text: string, path = "/etc/passwd"): Promise<LocalUser | undefined> {
  const users = (await readFile(path, "utf8")).split("\n").flatMap(readLine);
  const numbers = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text);
  if (numbers === null) return users.find(({ name }) => name === text);
  const uid = Number(numbers[1]);
  const known = users.find((user) => user.uid === uid);
  const gid = numbers[2] === undefined ? (known?.gid ?? uid) : Number(numbers[2]);
  if (uid > idMax || gid > idMax) return undefined;
  return { name: known?.name ?? text, uid, gid, home: known?.home ?? "/" };
}

// name:password:uid:gid:comment:home:shell
function readLine(line: string): readonly LocalUser[] {
  const [name = "", , uid = "", gid = "", , home = ""] = line.split(":");
  const isWhole = name !== "" && /^\d{1,10}$/.test(uid) && /^\d{1,10}$/.test(gid);
  if (!isWhole) return [];
  return [{ name, uid: Number(uid), gid: Number(gid), home: home === "" ? "/" : home }];
}
