// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The words before a program's that run it under a service manager which keeps descriptors: see fd-store.c. */
export function fdStore(directory: string, pauseMs: number): readonly string[] {
  const program = join(directory, "fd-store");
  const source = fileURLToPath(new URL("fd-store.c", import.meta.url));
  execFileSync("gcc", ["-O1", "-o", program, source]);
  return [program, join(directory, "notify.sock"), String(pauseMs)];
}
