// SPDX-License-Identifier: Apache-2.0
import { fromByteString, toByteString, type ByteString } from "../../util/byte-string.ts";
import type { EngineFacts } from "../../model/engine-event.ts";
import type { UnjudgedMount } from "../../model/mount-origin.ts";
import type { DockerEvent } from "../../model/event.ts";
import type { FieldSpec, Value } from "../../lang/field.ts";
import { anyField, namedField, plainFields, readOne } from "./define.ts";
import { eventNames } from "./event-names.ts";

/** The `source` of rules over what the engine tells. */
export const dockerSource = "docker";

/** What `evt.type` is for what the engine tells. */
export const engineEventType = "docker_event";

/** What `evt.type` is for what is asked of the engine. */
export const requestEventType = "docker_request";

function typeOf({ kind }: DockerEvent): string {
  return kind === "engine" ? engineEventType : requestEventType;
}

/** Reads the engine's own facts. */
function told(get: (facts: EngineFacts) => Value | undefined) {
  return (event: DockerEvent): Value | undefined =>
    event.kind === "engine" ? get(event.facts) : undefined;
}

function text(value: string | undefined): ByteString | undefined {
  return value === undefined ? undefined : toByteString(value);
}

/** A field of the mounts of a `mount_check`. */
function ofMounts(
  name: string,
  description: string,
  get: (mount: UnjudgedMount) => readonly string[],
): FieldSpec<DockerEvent> {
  return anyField<DockerEvent>(name, description, (event) =>
    event.kind === "engine" ? (event.facts.mounts ?? []).flatMap(get) : [],
  );
}

/** evt.* of source docker, and docker.event.*: what the engine told (ours). Requests have docker-request.ts. */
export const dockerFields: readonly FieldSpec<DockerEvent>[] = [
  ...plainFields<DockerEvent>([
    ["evt.source", "string", "source of the event", () => dockerSource],
    ["evt.is_async", "bool", "not the effect of a call", () => false],
    ["evt.category", "string", "kind of the event", () => "docker"],
    [
      "docker.event.type",
      "string",
      "what it happened to: container, image, network, volume, plugin, …",
      told(({ type }) => text(type)),
    ],
    [
      "docker.event.action",
      "string",
      "what happened: create, start, die, exec_create, health_status, …",
      told(({ action }) => text(action)),
    ],
    [
      "docker.event.actor_id",
      "string",
      "id of the object, as the engine gives it",
      told(({ actorId }) => text(actorId)),
    ],
    ["docker.event.name", "string", "name of the object", told(({ name }) => text(name))],
    [
      "docker.event.old_name",
      "string",
      "name before a rename",
      told(({ oldName }) => text(oldName)),
    ],
    [
      "docker.event.looks_like",
      "string",
      "existing container that a created or renamed one could be taken for",
      told(({ looksLike }) => text(looksLike)),
    ],
    [
      "docker.event.image",
      "string",
      "image of the container, or the image itself",
      told(({ image }) => text(image)),
    ],
    [
      "docker.event.exit_code",
      "i64",
      "exit code, of die and exec_die",
      told(({ exitCode }) => exitCode),
    ],
    ["docker.event.signal", "i64", "number of the signal, of kill", told(({ signal }) => signal)],
    [
      "docker.event.exec_id",
      "string",
      "the engine's id of the exec, 64 characters",
      told(({ execId }) => text(execId)),
    ],
    [
      "docker.event.exec_cmdline",
      "string",
      "command line of the exec",
      told(({ execCommand }) => text(execCommand)),
    ],
    [
      "docker.event.health",
      "string",
      "healthy, unhealthy or running, of health_status",
      told(({ health }) => text(health)),
    ],
    ["docker.event.scope", "string", "local or swarm", told(({ scope }) => text(scope))],
    [
      "docker.event.time",
      "time",
      "when the engine says it was, nanoseconds since the epoch",
      told(({ timeNs }) => timeNs),
    ],
  ]),
  ofMounts("docker.event.mounts", "where a container has other places of the host", (mount) => [
    mount.destination,
  ]),
  ofMounts("docker.event.mounts.judged", "host paths that were judged in their place", (mount) =>
    mount.judged === undefined ? [] : [mount.judged],
  ),
  ofMounts("docker.event.mounts.found", "host paths that are mounted", ({ found }) => [
    found === "" ? "nothing" : found,
  ]),
  ofMounts(
    "docker.event.mounts.reach",
    "what these give away: root, etc, proc, sys, dev, engine-socket, …",
    ({ reaches }) => reaches,
  ),
  namedField<DockerEvent>({
    name: "docker.event.attr",
    type: "string",
    description: "one attribute, by its key as the engine gives it",
    get: (event, key) => {
      if (event.kind !== "engine") return undefined;
      const { attributes } = event.facts;
      const name = fromByteString(key);
      return Object.hasOwn(attributes, name) ? text(attributes[name]) : undefined;
    },
  }),
  {
    name: "evt.type",
    type: "string",
    description: "name of the event",
    literals: new Set([...eventNames, engineEventType, requestEventType]),
    bind: () => readOne(typeOf),
  },
  {
    name: "evt.type.is",
    type: "u32",
    description: "1 when the event is of this type",
    argument: "required",
    isDotted: true,
    bind: (name) => readOne((event) => (name === typeOf(event) ? 1 : 0)),
  },
];
