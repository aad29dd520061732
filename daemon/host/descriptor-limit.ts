// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";

/** How many descriptors this process may have open, or undefined where that cannot be read: proc(5), limits. */
export function descriptorLimit(
  readLimits = (): string => readFileSync("/proc/self/limits", "latin1"),
): number | undefined {
  try {
    const soft = /^Max open files\s+(\S+)/m.exec(readLimits())?.[1];
    if (soft === "unlimited") return Infinity;
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
