// SPDX-License-Identifier: Apache-2.0

/** Modes of the namespaces that one container may take over from another, as the engine has them. */
export interface NamespaceModes {
  readonly networkMode: string;
  readonly pidMode: string;
  readonly ipcMode: string;
  readonly utsMode: string;
}

/** What joining other containers comes to. */
export interface JoinedNamespaces {
  /** `host` where a container is joined that has the host's namespace; else as they were given. */
  readonly modes: NamespaceModes;
  /** Containers that are joined, as they were called, the nearest first. */
  readonly joins: readonly string[];
}

/** A chain of so many containers that join each other is taken for one that ends at the host. */
const chainMax = 8;
const kinds = ["networkMode", "pidMode", "ipcMode", "utsMode"] as const;

/** Follows `container:NAME` to the container whose namespace it is. `modesOf` tells undefined where there is none. */
export async function followNamespaces(
  given: NamespaceModes,
  modesOf: (reference: string) => Promise<NamespaceModes | undefined>,
): Promise<JoinedNamespaces> {
  const found = await Promise.all(kinds.map((kind) => follow(kind, given[kind], modesOf)));
  const modes = { ...given };
  found.forEach(({ isHost }, index) => {
    const kind = kinds[index];
    if (isHost && kind !== undefined) modes[kind] = "host";
  });
  return { modes, joins: [...new Set(found.flatMap(({ joins }) => joins))] };
}

async function follow(
  kind: (typeof kinds)[number],
  given: string,
  modesOf: (reference: string) => Promise<NamespaceModes | undefined>,
): Promise<{ readonly isHost: boolean; readonly joins: readonly string[] }> {
  const joins: string[] = [];
  for (let mode: string | undefined = given; joins.length < chainMax;) {
    const reference = joinedBy(mode);
    if (reference === undefined) return { isHost: mode === "host", joins };
    joins.push(reference);
    mode = (await modesOf(reference))?.[kind];
  }
  return { isHost: true, joins };
}

/** Container whose namespace a mode asks for; undefined where it asks for none. */
export function joinedBy(mode: string | undefined): string | undefined {
  return /^container:(.+)$/s.exec(mode ?? "")?.[1];
}
