// SPDX-License-Identifier: Apache-2.0
import { memberOf } from "../daemon/util/unknown-value.ts";

/** Networks of every engine. */
const others: ReadonlySet<string> = new Set(["", "default", "bridge", "none", "ingress"]);
const askedMax = 64;

/**
 * Whether one of these networks is the host's, by whatever name or id: `docker service create --network host` sends the id
 * that the swarm has for it. `find` asks the engine for a network, which tells undefined of one that is not there.
 */
export async function hasHostNetwork(
  references: readonly string[],
  find: (reference: string) => Promise<unknown>,
): Promise<boolean> {
  if (references.includes("host")) return true;
  const asked = [...new Set(references)].filter((one) => !others.has(one));
  const found = await Promise.all(asked.slice(0, askedMax).map((reference) => find(reference)));
  const isAmong = found.some((network) => memberOf(network, "Driver") === "host");
  // So many that not all were looked at: nobody has them for a good reason.
  return isAmong || asked.length > askedMax;
}
