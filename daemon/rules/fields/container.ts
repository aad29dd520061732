// SPDX-License-Identifier: Apache-2.0
import { toByteString, type ByteString } from "../../util/byte-string.ts";
import type { Container, ContainerMount } from "../../model/container.ts";
import type { Occurrence, Place } from "../../model/event.ts";
import type { FieldSpec, Value } from "../../lang/field.ts";
import { compileGlob } from "../../lang/glob.ts";
import { indexOf, labelOf, namedField, plainFields, readOne } from "./define.ts";
import { rememberLast } from "./remember-last.ts";

/** Reads the container; without a value on the host. */
function inContainer(get: (container: Container) => Value | undefined) {
  return ({ container }: Place): Value | undefined =>
    container === undefined ? undefined : get(container);
}

/** container.* of the place where an event happens, for rules and for scopes. */
export const containerFields: readonly FieldSpec<Place>[] = [
  ...plainFields<Place>([
    [
      "container.id",
      "string",
      "first 12 characters of the id, or host",
      ({ container }) => (container === undefined ? "host" : shortId(container)),
    ],
    [
      "container.full_id",
      "string",
      "the whole id, or host",
      ({ container }) => (container === undefined ? "host" : container.id),
    ],
    [
      "container.name",
      "string",
      "name, or host",
      ({ container }) => (container === undefined ? "host" : toByteString(container.name)),
    ],
    [
      "container.type",
      "string",
      "docker, or buildkit for a step of a build",
      inContainer((c) => c.kind ?? "docker"),
    ],
    [
      "container.image",
      "string",
      "image as it was given",
      inContainer((c) => text(c.image.reference)),
    ],
    [
      "container.image.id",
      "string",
      "image id, 64 characters",
      inContainer((c) => hexOf(c.image.id)),
    ],
    [
      "container.image.repository",
      "string",
      "image without tag and digest",
      inContainer((c) => text(c.image.repository)),
    ],
    ["container.image.tag", "string", "tag of the image", inContainer((c) => text(c.image.tag))],
    ["container.image.digest", "string", "digest sha256:…", inContainer((c) => c.image.digest)],
    ["container.privileged", "bool", "started privileged", inContainer((c) => c.isPrivileged)],
    [
      "container.host_network",
      "bool",
      "shares the host's network",
      inContainer((c) => c.networkMode === "host"),
    ],
    [
      "container.host_pid",
      "bool",
      "shares the host's pid namespace",
      inContainer((c) => c.sharesHostPid),
    ],
    [
      "container.host_ipc",
      "bool",
      "shares the host's ipc namespace",
      inContainer((c) => c.sharesHostIpc),
    ],
    ["container.network_mode", "string", "network mode", inContainer((c) => text(c.networkMode))],
    ["container.user", "string", "user as configured", inContainer((c) => text(c.user))],
    [
      "container.healthcheck",
      "string",
      "command of the health check, none when there is none",
      inContainer((c) => text(c.healthcheck?.join(" "))),
    ],
    ["container.start_ts", "time", "start", inContainer((c) => c.startedNs)],
    ["container.created_ts", "time", "creation", inContainer((c) => c.createdNs)],
    ["container.labels", "string", "all labels, k:v joined by commas", inContainer(labelLine), 10],
    [
      "container.mounts",
      "string",
      "all mounts, source:destination:mode:rw:propagation",
      inContainer(mountLine),
      10,
    ],
    [
      "container.compose.project",
      "string",
      "compose project",
      inContainer((c) => text(c.compose?.project)),
    ],
    [
      "container.compose.service",
      "string",
      "compose service",
      inContainer((c) => text(c.compose?.service)),
    ],
    [
      "container.swarm.service",
      "string",
      "swarm service",
      inContainer((c) => text(c.swarm?.service)),
    ],
  ]),
  namedField<Place>({
    name: "container.label",
    type: "string",
    description: "one label",
    get: ({ container }, key) => labelOf(container?.labels, key),
  }),
  mountField("container.mount", "source", mountText),
  mountField("container.mount.source", "destination", ({ source }) => source),
  mountField("container.mount.dest", "source", ({ destination }) => destination),
  mountField("container.mount.mode", "source", ({ mode }) => mode),
  mountField("container.mount.rdwr", "source", ({ isReadWrite }) => String(isReadWrite)),
  mountField("container.mount.propagation", "source", ({ propagation }) => propagation),
];

/** Fields of the container that need the time of the event. */
export const containerTimeFields: readonly FieldSpec<Occurrence>[] = plainFields<Occurrence>([
  [
    "container.duration",
    "duration",
    "nanoseconds since the container started",
    ({ timeNs, container }) => {
      const started = container?.startedNs;
      return started === undefined || started > timeNs ? undefined : timeNs - started;
    },
  ],
]);

const shortId = rememberLast(({ id }: Container) => id.slice(0, 12));

function text(value: string | undefined): ByteString | undefined {
  return value === undefined ? undefined : toByteString(value);
}

/** `sha256:…` less the name of the algorithm. */
function hexOf(id: string): string {
  return id.slice(id.indexOf(":") + 1);
}

function labelLine({ labels }: Container): ByteString {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}:${value}`);
  return toByteString(pairs.join(","));
}

function mountLine({ mounts }: Container): ByteString {
  return toByteString(mounts.map(mountText).join(" "));
}

function mountText(mount: ContainerMount): string {
  const { source, destination, mode, isReadWrite, propagation } = mount;
  return [source, destination, mode, String(isReadWrite), propagation].join(":");
}

/** A field of the mount with an index, or of the first whose source or destination matches the glob. */
function mountField(
  name: string,
  key: "source" | "destination",
  get: (mount: ContainerMount) => string,
): FieldSpec<Place> {
  return {
    name,
    type: "string",
    description: `of one mount, by index or ${key} (glob)`,
    argument: "required",
    cost: 6,
    bind: (argument = "") => {
      const index = indexOf(argument);
      const isWanted = compileGlob(argument);
      return readOne(({ container }) => {
        const mounts = container?.mounts ?? [];
        const mount =
          index === undefined
            ? mounts.find((item) => isWanted(toByteString(item[key])))
            : mounts[index];
        return mount === undefined ? undefined : toByteString(get(mount));
      });
    },
  };
}
