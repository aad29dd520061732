// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants } from "node:fs";
import { delimiter, join, resolve } from "node:path";

// dockerd and iptables live where a user's own PATH does not look.
const usual = ["/usr/local/sbin", "/usr/sbin", "/sbin"];
const path = process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin";

/** The directory of another engine's programs (dockerd, docker, containerd, its shim, runc), where one was asked for. */
const otherEngine = process.env["EXECWARDEN_TEST_ENGINE"] ?? "";

/** Where programs of an engine, and of its user, are looked for. */
export const searchPath = [
  ...(otherEngine === "" ? [] : [resolve(otherEngine)]),
  ...usual,
  path,
].join(delimiter);

// For what a test starts by name itself, a docker at a terminal, say.
process.env["PATH"] = searchPath;

/** Where a program is that an engine, or its user, needs. */
export function findProgram(name: string): string | undefined {
  return searchPath
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(program: string): boolean {
  try {
    accessSync(program, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
