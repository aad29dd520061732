// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";

/** Translates an id as a user namespace has it to the host's; undefined where the namespace maps it to nobody. */
export type IdMap = (id: number) => number | undefined;

/** The map of a container without a user namespace of its own. */
const identity: IdMap = (id) => id;

/** The kernel takes no more lines (user_namespaces(7)). */
const rangesMax = 340;

/**
 * Reads /proc/PID/uid_map or gid_map (user_namespaces(7)), as a process of the initial namespace sees it: lines of the
 * first id inside, the first id outside and their number. A text without a readable line maps nothing away.
 */
export function readIdMap(text: ByteString): IdMap {
  const ranges = text
    .split("\n", rangesMax)
    .map((line) => line.trim().split(/ +/).map(Number))
    .filter((numbers) => numbers.length === 3 && numbers.every((n) => Number.isSafeInteger(n)));
  if (ranges.length === 0) return identity;
  return (id) => {
    for (const [inside = 0, outside = 0, count = 0] of ranges) {
      if (id >= inside && id < inside + count) return outside + (id - inside);
    }
    return undefined;
  };
}
