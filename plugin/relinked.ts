// SPDX-License-Identifier: Apache-2.0
import type { Container, ContainerMount } from "../daemon/model/container.ts";
import type { RequestedBind } from "../daemon/model/docker-request.ts";
import { lookAtPath, type HostFiles, type SensitivePlace } from "./reach.ts";

/** A container's mount as a request asks for it. */
export function bindOfMount({ source, destination, isReadWrite }: ContainerMount): RequestedBind {
  return { source, path: source, destination, isReadOnly: !isReadWrite, reaches: [] };
}

/** Paths as they are written. */
const noLinks: HostFiles = {
  realPath: (path) => Promise.resolve(path),
  identity: () => Promise.resolve(undefined),
};

/**
 * Binds of a container that is to be started whose sources lead, by a link or a mount, to sensitive places that their own
 * paths do not name: the engine follows links at the start, where they may lead elsewhere than when the container was
 * made. What the paths name was judged then.
 */
export async function relinkedBinds(
  container: Container | undefined,
  places: readonly SensitivePlace[],
  files: HostFiles,
): Promise<readonly RequestedBind[]> {
  const binds = (container?.mounts ?? []).filter(({ type }) => type === "bind").map(bindOfMount);
  const looked = await Promise.all(
    binds.map(async (bind): Promise<readonly RequestedBind[]> => {
      const named = await lookAtPath(bind.path, places, noLinks);
      const now = await lookAtPath(bind.path, places, files);
      const isNews = now.reaches.some((place) => !named.reaches.includes(place));
      return isNews ? [{ ...bind, ...now }] : [];
    }),
  );
  return looked.flat();
}
