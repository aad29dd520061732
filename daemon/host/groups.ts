// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";

/**
 * Finds a local group's id in /etc/group (group(5)); undefined when there is none. Groups that only a
 * directory service knows are not looked up.
 */
export async function findGroupId(name: string, path = "/etc/group"): Promise<number | undefined> {
  const text = await readFile(path, "utf8");
  for (const line of text.split("\n")) {
    const [groupName, , id] = line.split(":");
    if (groupName !== name || id === undefined) continue;
    const groupId = Number(id);
    if (id !== "" && Number.isSafeInteger(groupId) && groupId >= 0) return groupId;
  }
  return undefined;
}
