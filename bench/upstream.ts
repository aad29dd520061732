// Falco's own rule files, which are not part of this project.
// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Names a directory that has them. */
export const upstreamVariable = "EXECWARDEN_UPSTREAM_RULES";

/** Their paths, in the order in which they build on each other; undefined when nobody says where they are. */
export function upstreamFiles(): readonly string[] | undefined {
  const directory = process.env[upstreamVariable];
  if (directory === undefined) return undefined;
  const names = readdirSync(directory).filter((name) => name.endsWith(".yaml"));
  // `falco_rules.yaml` first: the others use its macros.
  const order = (name: string): string => (name === "falco_rules.yaml" ? "" : name);
  names.sort((a, b) => (order(a) < order(b) ? -1 : 1));
  return names.map((name) => join(directory, name));
}
