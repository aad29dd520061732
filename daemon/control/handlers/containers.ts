// SPDX-License-Identifier: Apache-2.0
import type { Image } from "../../model/container.ts";
import type { ContainerStatus } from "../../model/status.ts";
import { json } from "../reply.ts";
import { nothing, route } from "../route.ts";

/** GET /v1/containers: what the engine runs, and how each container is guarded. */
export const containersRoute = route({
  method: "GET",
  path: "/v1/containers",
  summary: "The containers that run, and how each is guarded",
  access: "read",
  query: nothing,
  body: nothing,
  handler: ({ tools }) => json({ containers: tools.containers().map(containerOf) }),
});

function containerOf({ container, mode, devices }: ContainerStatus): object {
  const { id, name, image, labels, state, pid, user, isPrivileged, networkMode } = container;
  return {
    id,
    name,
    image: imageOf(image),
    labels,
    state,
    pid,
    user,
    privileged: isPrivileged,
    network_mode: networkMode,
    mode,
    settled: mode !== undefined,
    devices,
  };
}

function imageOf({ normalizedRepository, reference, repository, ...image }: Image): object {
  const { tag, digest, digests, id, labels } = image;
  return {
    ...{ reference, repository, normalized_repository: normalizedRepository },
    ...{ tag, digest, digests, id, labels },
  };
}
