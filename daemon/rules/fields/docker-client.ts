// SPDX-License-Identifier: Apache-2.0
import type { FieldReader, FieldSpec, Value } from "../../lang/field.ts";
import { terminalName, type DockerClient } from "../../model/docker-client.ts";
import type { Occurrence } from "../../model/event.ts";
import { toByteString, type ByteString } from "../../util/byte-string.ts";
import { plainFields } from "./define.ts";

function of(get: (client: DockerClient) => Value | undefined) {
  return ({ client }: Occurrence): Value | undefined =>
    client === undefined ? undefined : get(client);
}

function text(get: (client: DockerClient) => string | undefined) {
  return of((client) => {
    const value = get(client);
    return value === undefined ? undefined : toByteString(value);
  });
}

const parentsOf = ({ client }: Occurrence): readonly ByteString[] =>
  client?.parents.map(toByteString) ?? [];

const parents: FieldReader<Occurrence> = {
  kind: "any",
  some: (event, test) => parentsOf(event).some(test),
  print: (event) => {
    const names = parentsOf(event);
    return names.length === 0 ? undefined : names.join(" ");
  },
};

/** docker.client.*: who asked the engine for what led to an event (ours); of every source. */
export const clientFields: readonly FieldSpec<Occurrence>[] = [
  ...plainFields<Occurrence>([
    ["docker.client.pid", "i64", "process that asked the engine", of(({ pid }) => pid)],
    ["docker.client.uid", "u32", "user id of that process", of(({ uid }) => uid)],
    [
      "docker.client.loginuid",
      "i64",
      "user id that logged in, which sudo does not change",
      of(({ loginuid }) => loginuid),
    ],
    ["docker.client.session", "i64", "number of the audit session", of(({ session }) => session)],
    [
      "docker.client.user",
      "string",
      "name of who logged in, else of the user",
      text(({ user }) => user),
    ],
    ["docker.client.tty", "u32", "terminal of the client, 0 for none", of(({ tty }) => tty)],
    [
      "docker.client.terminal",
      "string",
      "its name, such as pts/3",
      text(({ tty }) => terminalName(tty)),
    ],
    ["docker.client.exe", "string", "program of the client", text(({ exe }) => exe)],
    [
      "docker.client.cmdline",
      "string",
      "command line of the client",
      text(({ cmdline }) => cmdline),
    ],
    [
      "docker.client.ssh",
      "string",
      "what the sshd above the client calls itself: sshd: alice@pts/0",
      text(({ ssh }) => ssh),
    ],
    [
      "docker.client.container_id",
      "string",
      "container that the client runs in",
      text(({ containerId }) => containerId),
    ],
    [
      "docker.client.confidence",
      "string",
      "exact or inferred",
      text(({ confidence }) => confidence),
    ],
  ]),
  {
    name: "docker.client.parents",
    type: "string",
    description: "names of the processes above the client, parent first",
    cost: 3,
    bind: () => parents,
  },
];
