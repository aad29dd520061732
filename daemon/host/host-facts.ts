// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { hostname, release } from "node:os";
import type { Host } from "../model/event.ts";

/** Reads what does not change while the daemon runs (machine-id(5), /proc/sys/kernel/random/boot_id); "" where a file is missing. */
export async function readHost(): Promise<Host> {
  const [machineId, bootId] = await Promise.all([
    readLine("/etc/machine-id"),
    readLine("/proc/sys/kernel/random/boot_id"),
  ]);
  return { hostname: hostname(), machineId, kernel: release(), bootId };
}

async function readLine(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.trim();
}
