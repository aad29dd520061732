// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { readEngineEvent, withoutForged } from "../../daemon/enrich/engine-event.ts";
import { engineFacts } from "../rules/docker-event.ts";

const id = "c".repeat(64);
const execId = "e".repeat(64);

/** A line of the engine's, as API 1.41 writes it. */
function line(
  ...[type, action, ID, Attributes]: readonly [
    type: string,
    action: string,
    id: string,
    attributes: Readonly<Record<string, unknown>>,
  ]
): unknown {
  const timeNano = 1_700_000_005_000_000_000;
  return { Type: type, Action: action, Actor: { ID, Attributes }, scope: "local", timeNano };
}

const named = { image: "alpine:3", name: "web" };

const rows: readonly [what: string, line: unknown, facts: object][] = [
  [
    "a start",
    line("container", "start", id, { ...named, team: "red" }),
    {
      ...{ type: "container", action: "start", actorId: id, containerId: id, scope: "local" },
      ...{ name: "web", image: "alpine:3", timeNs: 1_700_000_005_000_000_000n },
      attributes: { ...named, team: "red" },
    },
  ],
  [
    "an exec and its command, colons included",
    line("container", "exec_start: sh -c echo a:b", id, { ...named, execID: execId }),
    { action: "exec_start", execId, execCommand: "sh -c echo a:b" },
  ],
  [
    "an exec without arguments: the engine writes a blank behind it",
    line("container", "exec_create: id ", id, named),
    { action: "exec_create", execCommand: "id" },
  ],
  ["an end", line("container", "die", id, { ...named, exitCode: "137" }), { exitCode: 137 }],
  ["a signal", line("container", "kill", id, { ...named, signal: "9" }), { signal: 9 }],
  ["health", line("container", "health_status: unhealthy", id, named), { health: "unhealthy" }],
  [
    "a rename",
    line("container", "rename", id, { ...named, oldName: "/old" }),
    { name: "web", oldName: "old" },
  ],
  [
    "an image by its name",
    line("image", "tag", `sha256:${id}`, { name: "a:1" }),
    { type: "image", action: "tag", name: "a:1", image: "a:1", actorId: `sha256:${id}` },
  ],
  [
    "an image that was pulled, with its tag",
    line("image", "pull", "reg:5000/a:1", { name: "reg:5000/a" }),
    { name: "reg:5000/a", image: "reg:5000/a:1" },
  ],
  ["an image without a name", line("image", "delete", "a:1", {}), { name: "a:1", image: "a:1" }],
  [
    "a network and the container that joins it",
    line("network", "connect", "n1", { container: id, name: "back", type: "bridge" }),
    { type: "network", name: "back", containerId: id },
  ],
  [
    "a volume and the container that mounts it",
    line("volume", "mount", "data", { container: id, destination: "/data" }),
    { type: "volume", name: "data", containerId: id },
  ],
  ["a plugin", line("plugin", "enable", "p1", { name: "x:latest" }), { name: "x:latest" }],
  ["something newer", line("thing", "done", "t1", {}), { type: "thing", actorId: "t1" }],
];
for (const [what, said, facts] of rows) {
  t.test(what, (t) => {
    t.match(readEngineEvent(said)?.facts, facts);
    t.end();
  });
}

t.test("facts that are not there are absent", (t) => {
  const { facts } = readEngineEvent(line("image", "prune", "", {})) ?? {};
  t.strictSame(Object.keys(facts ?? {}).sort(), [
    "action",
    "actorId",
    "attributes",
    "image",
    "name",
    "scope",
    "timeNs",
    "type",
  ]);
  t.end();
});

const broken: readonly [what: string, line: unknown][] = [
  ["nothing", undefined],
  ["a text", "start"],
  ["no type", { Action: "start", Actor: { ID: id }, time: 1 }],
  ["no action", { Type: "container", Actor: { ID: id }, time: 1 }],
  ["no time", { Type: "container", Action: "start", Actor: { ID: id } }],
  ["a container without an id", line("container", "start", "web", named)],
];
for (const [what, said] of broken) {
  t.test(`no event: ${what}`, (t) => {
    t.equal(readEngineEvent(said), undefined);
    t.end();
  });
}

t.test("what a container can put into its events is bounded", (t) => {
  const labels = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, i) => [`a${String(i)}`, "x".repeat(5_000)]),
  );
  const hostile = { ...labels, ["k".repeat(5_000)]: "v", number: 5, __proto__x: "y", ...named };
  const { facts } =
    readEngineEvent(line("container", `exec_start: ${"y".repeat(1e6)}`, id, hostile)) ?? {};
  const entries = Object.entries(facts?.attributes ?? {});
  const length = entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  t.ok(entries.length <= 64 && length <= 16_384, `${entries.length} attributes, ${length} long`);
  t.match(facts?.attributes, named, "what the engine says itself has the first place");
  t.equal(facts?.execCommand?.length, 4_096);
  t.end();
});

t.test("a label does not speak for the engine", (t) => {
  const facts = engineFacts({ exitCode: 0, signal: 9 });
  t.equal(withoutForged(facts, { team: "red" }), facts);
  const left = withoutForged(facts, { execID: "f".repeat(64), exitCode: "0" });
  t.notOk("execId" in left);
  t.notOk("exitCode" in left);
  t.equal(left.signal, 9);
  t.end();
});
