// SPDX-License-Identifier: Apache-2.0
import type { FieldSpec, Value } from "../../lang/field.ts";
import type { RequestFacts } from "../../model/docker-request.ts";
import type { DockerEvent } from "../../model/event.ts";
import { fromByteString, toByteString, type ByteString } from "../../util/byte-string.ts";
import { anyField, namedField, plainFields } from "./define.ts";

type Row = readonly [
  name: string,
  description: string,
  get: (facts: RequestFacts) => string | undefined,
];

/** Reads a request; without a value for what the engine told. */
function asked(get: (facts: RequestFacts) => Value | undefined) {
  return (event: DockerEvent): Value | undefined =>
    event.kind === "docker-request" ? get(event.request) : undefined;
}

function text(value: string | undefined): ByteString | undefined {
  return value === undefined ? undefined : toByteString(value);
}

/** Texts of which an absent one is empty. */
function textFields(rows: readonly Row[]): readonly FieldSpec<DockerEvent>[] {
  return plainFields<DockerEvent>(
    rows.map(([name, description, get]) => [
      name,
      "string",
      description,
      asked((facts) => text(get(facts))),
    ]),
  );
}

/** A field of several texts of a request. */
function anyOf(
  name: string,
  description: string,
  get: (facts: RequestFacts) => readonly string[],
): FieldSpec<DockerEvent> {
  return anyField<DockerEvent>(name, description, (event) =>
    event.kind === "docker-request" ? get(event.request) : [],
  );
}

function line(words: readonly string[]): string | undefined {
  return words.length === 0 ? undefined : words.join(" ");
}

function programOf({ argv }: RequestFacts): string | undefined {
  const [program] = argv;
  return program?.slice(program.lastIndexOf("/") + 1);
}

const requestTexts = textFields([
  ["docker.method", "HTTP method of the request", ({ method }) => method],
  ["docker.uri", "path and query as they were sent", ({ uri }) => uri],
  [
    "docker.route",
    "route of the API: POST /containers/{name}/exec; empty for none",
    ({ route }) => route,
  ],
  [
    "docker.action",
    "what is asked: container.create, exec.create, …, or unknown",
    ({ action }) => action,
  ],
  ["docker.api_version", "version in the path", ({ apiVersion }) => apiVersion],
  ["docker.user", "name in the client's certificate", ({ user }) => user],
  ["docker.auth_method", "how the client proved its name", ({ authMethod }) => authMethod],
  ["docker.target", "what the request names: container, image, volume, …", ({ target }) => target],
  ["docker.new_name", "name that the new object is to have", ({ newName }) => newName],
]);

const imageTexts = textFields([
  ["docker.image", "image as it was given", ({ image }) => image?.reference],
  [
    "docker.image.repository",
    "normalised repository, such as docker.io/library/alpine",
    ({ image }) => image?.normalizedRepository,
  ],
  ["docker.image.tag", "tag", ({ image }) => image?.tag],
  [
    "docker.image.digest",
    "digest sha256:…, where the engine knows it",
    ({ image }) => image?.digest,
  ],
  ["docker.image.id", "image id sha256:…, where the engine has it", ({ image }) => image?.id],
]);

const containerTexts = textFields([
  ["docker.entrypoint", "entry point that the request gives", ({ entrypoint }) => line(entrypoint)],
  ["docker.cmd", "command that the request gives", ({ cmd }) => line(cmd)],
  ["docker.cmdline", "what would run, the image's part included", ({ argv }) => line(argv)],
  ["docker.program", "file name of what would run", programOf],
  ["docker.run_as", "user that it would run as", ({ runAs }) => runAs],
  ["docker.network_mode", "network mode", ({ networkMode }) => networkMode],
  ["docker.pid_mode", "namespace of processes", ({ pidMode }) => pidMode],
  ["docker.ipc_mode", "namespace of shared memory", ({ ipcMode }) => ipcMode],
  ["docker.uts_mode", "namespace of the host name", ({ utsMode }) => utsMode],
  ["docker.userns_mode", "namespace of users", ({ usernsMode }) => usernsMode],
  ["docker.cgroupns_mode", "namespace of cgroups", ({ cgroupnsMode }) => cgroupnsMode],
  [
    "docker.seccomp",
    "its own seccomp profile: unconfined, builtin, permissive, custom, unreadable; empty for none",
    ({ seccomp }) => seccomp,
  ],
  ["docker.apparmor", "AppArmor profile that is asked for", ({ apparmor }) => apparmor],
  [
    "docker.no_new_privileges",
    "true or false where it is asked for; empty where the engine's own setting holds",
    ({ noNewPrivileges }) => noNewPrivileges,
  ],
  [
    "docker.runtime",
    "OCI runtime that is asked for; of a service what it runs: container, plugin",
    ({ runtime }) => runtime,
  ],
  [
    "docker.labels",
    "labels, k:v joined by commas",
    ({ labels }) =>
      Object.entries(labels)
        .map(([key, value]) => `${key}:${value}`)
        .join(","),
  ],
]);

/** docker.*: what is asked of the engine's API, before it is done (ours). */
export const requestFields: readonly FieldSpec<DockerEvent>[] = [
  ...requestTexts,
  ...imageTexts,
  ...containerTexts,
  ...plainFields<DockerEvent>([
    ["docker.is_mutating", "bool", "changes something", asked(({ isMutating }) => isMutating)],
    [
      "docker.image.is_retagged",
      "bool",
      "the image's name was put on it here; it came under another",
      asked(({ isRetagged }) => isRetagged),
    ],
    ["docker.tty", "bool", "on a terminal", asked(({ hasTty }) => hasTty)],
    ["docker.privileged", "bool", "privileged", asked(({ isPrivileged }) => isPrivileged)],
  ]),
  anyOf("docker.faults", "why the request may be read in two ways", ({ faults }) => faults),
  anyOf("docker.cap_add", "capabilities, without CAP_", ({ capAdd }) => capAdd),
  anyOf("docker.binds", "host paths that are given, links followed", ({ binds }) =>
    binds.map(({ path }) => path),
  ),
  anyOf("docker.binds.source", "the same as they were asked for", ({ binds }) =>
    binds.map(({ source }) => source),
  ),
  anyOf(
    "docker.binds.reach",
    "what they give away: root, etc, proc, sys, dev, engine-socket, …",
    ({ binds }) => binds.flatMap(({ reaches }) => reaches),
  ),
  anyOf("docker.security_opt", "security options", ({ securityOpt }) => securityOpt),
  anyOf(
    "docker.unconfined",
    "confinement that is taken away: seccomp, apparmor, selinux, systempaths, cgroups",
    ({ unconfined }) => unconfined,
  ),
  anyOf(
    "docker.seccomp.allows",
    "calls that lead out of a container and that its own seccomp profile lets through, or all",
    ({ seccompAllows }) => seccompAllows,
  ),
  anyOf(
    "docker.joins",
    "containers whose namespaces it takes over, and theirs",
    ({ joins }) => joins,
  ),
  anyOf(
    "docker.image_mounts",
    "images whose files are mounted into it",
    ({ imageMounts }) => imageMounts,
  ),
  anyOf("docker.devices", "devices of the host", ({ devices }) => devices),
  anyOf("docker.env", "names of environment variables", ({ env }) => env),
  namedField<DockerEvent>({
    name: "docker.label",
    type: "string",
    description: "one label that the request gives",
    get: (event, key) =>
      event.kind === "docker-request" ? memberOf(event.request.labels, key) : undefined,
  }),
  namedField<DockerEvent>({
    name: "docker.annotation",
    type: "string",
    description: "one OCI annotation that the request gives",
    get: (event, key) =>
      event.kind === "docker-request" ? memberOf(event.request.annotations, key) : undefined,
  }),
  namedField<DockerEvent>({
    name: "docker.query",
    type: "string",
    description: "one parameter of the query",
    get: (event, key) =>
      event.kind === "docker-request" ? memberOf(event.request.query, key) : undefined,
  }),
];

function memberOf(
  record: Readonly<Record<string, string>>,
  key: ByteString,
): ByteString | undefined {
  const name = fromByteString(key);
  return Object.hasOwn(record, name) ? text(record[name]) : undefined;
}
