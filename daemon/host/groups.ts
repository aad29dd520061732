// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";

/** A group of this host. */
export interface HostGroup {
  readonly name: string;
  readonly id: number;
}

/**
 * Finds a local group in /etc/group (group(5)); undefined when there is none. Groups that only a directory
 * service knows are not looked up.
 */
export function findGroup(name: string, path = "/etc/group"): Promise<HostGroup | undefined> {
  return findNamed(path, (entry) => entry.name === name);
}

/** The local group with this id. */
export function groupOfId(id: number, path = "/etc/group"): Promise<HostGroup | undefined> {
  return findNamed(path, (entry) => entry.id === id);
}

/** Name of the local user with this id, from /etc/passwd (passwd(5)). */
export async function userOfId(id: number, path = "/etc/passwd"): Promise<string | undefined> {
  return (await findNamed(path, (entry) => entry.id === id))?.name;
}

/** passwd(5) and group(5) alike begin with name, password and number. */
async function findNamed(
  path: string,
  fits: (entry: HostGroup) => boolean,
): Promise<HostGroup | undefined> {
  const text = await readFile(path, "utf8");
  for (const line of text.split("\n")) {
    const [name, , number] = line.split(":");
    if (name === undefined || number === undefined || !/^[0-9]{1,10}$/.test(number)) continue;
    const entry = { name, id: Number(number) };
    if (fits(entry)) return entry;
  }
  return undefined;
}
