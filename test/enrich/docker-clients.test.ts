// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { DockerClients } from "../../daemon/enrich/docker-clients.ts";
import type { AskedBy, DockerClient } from "../../daemon/model/docker-client.ts";
import { terminalName } from "../../daemon/model/docker-client.ts";
import type { EngineFacts } from "../../daemon/model/engine-event.ts";
import type { ExecOrigin } from "../../daemon/model/process.ts";

const web = "a".repeat(64);
const exec = "b".repeat(64);

function client(pid: number, confidence: DockerClient["confidence"] = "exact"): DockerClient {
  return { ...{ confidence, pid, uid: 0, tty: 0, exe: "", cmdline: "docker", parents: [] } };
}

function facts(action: string, changes: Partial<EngineFacts> = {}): EngineFacts {
  const timeNs = 0n;
  return {
    ...{ type: "container", action, actorId: web, scope: "local", timeNs, attributes: {} },
    containerId: web,
    ...changes,
  };
}

function taken(...asked: readonly AskedBy[]): DockerClients {
  const clients = new DockerClients();
  for (const one of asked) clients.take(one, 0);
  return clients;
}

const started: AskedBy = { client: client(7), action: "exec.start", execId: exec };
const ran: AskedBy = { client: client(8), action: "container.start", containerId: web };

t.test("processes belong to whoever began their line", (t) => {
  const clients = taken(started, ran);
  const rows: readonly (readonly [expected: string, origin: ExecOrigin | undefined])[] = [
    ["7 exact", { kind: "exec", execId: exec, isExact: true }],
    ["7 exact", { kind: "child", root: "exec", execId: exec, isExact: true }],
    ["7 inferred", { kind: "exec", execId: exec, isExact: false }],
    ["8 exact", { kind: "entrypoint", isExact: true }],
    ["8 exact", { kind: "child", root: "entrypoint", isExact: true }],
    ["nobody", { kind: "healthcheck", execId: exec, isExact: false }],
    ["nobody", { kind: "exec", isExact: false }],
    ["nobody", { kind: "exec", execId: "c".repeat(64), isExact: true }],
    ["nobody", { kind: "child", isExact: false }],
    ["nobody", undefined],
  ];
  for (const [expected, origin] of rows) {
    const found = clients.ofProcess(origin, web);
    const text = found === undefined ? "nobody" : `${found.pid} ${found.confidence}`;
    t.equal(text, expected, JSON.stringify(origin));
  }
  clients.removeContainer(web);
  t.equal(clients.ofProcess({ kind: "entrypoint", isExact: true }, web), undefined, "it is gone");
  t.end();
});

t.test("what is certain is not replaced by what is likely", (t) => {
  const clients = taken(started, { ...started, client: client(9, "inferred") });
  t.match(clients.ofProcess({ kind: "exec", execId: exec, isExact: true }, web), { pid: 7 });
  clients.take({ ...started, client: client(10) }, 0);
  t.match(clients.ofProcess({ kind: "exec", execId: exec, isExact: true }, web), { pid: 10 });
  t.end();
});

t.test("what the engine tells soon after a request came of it", (t) => {
  const created: AskedBy = {
    ...{ client: client(6), action: "exec.create", containerId: web, command: "sh -c id" },
  };
  const clients = taken(created, { ...ran, action: "container.stop" });
  const of = (event: EngineFacts, nowMs = 5): number | undefined =>
    clients.ofEngineEvent(event, nowMs)?.pid;
  t.equal(of(facts("exec_create", { execId: exec, execCommand: "sh" })), undefined);
  t.equal(of(facts("exec_create", { execId: exec, execCommand: "sh -c id" })), 6);
  t.equal(
    of(facts("exec_start", { execId: exec, execCommand: "sh -c id" }), 60_000),
    6,
    "by its id",
  );
  t.equal(of(facts("die")), 8);
  t.equal(of(facts("pause")), undefined, "it asked for something else");
  t.equal(of(facts("die", { containerId: "d".repeat(64) })), undefined);
  t.equal(of(facts("die"), 10_000), undefined, "that is long ago");
  t.match(clients.ofEngineEvent(facts("stop"), 5), { confidence: "inferred" });
  t.end();
});

t.test("a new container is whose who asked for it, by name, else by image", (t) => {
  const asks = (pid: number, name: string, image: string): AskedBy => ({
    ...{ client: client(pid), action: "container.create", created: { name, image } },
  });
  const of = (asked: readonly AskedBy[], changes: Partial<EngineFacts>): unknown =>
    taken(...asked).ofEngineEvent(facts("create", changes), 5);
  const named = asks(1, "shop", "alpine");
  const unnamed = asks(2, "", "alpine");
  t.match(of([named, unnamed], { name: "shop", image: "other" }), {
    ...{ pid: 1, confidence: "inferred" },
  });
  t.match(of([unnamed], { name: "quirky_curie", image: "alpine" }), { pid: 2 });
  t.equal(of([named], { name: "quirky_curie", image: "alpine" }), undefined, "another's name");
  t.equal(of([unnamed], { name: "quirky_curie", image: "busybox" }), undefined, "another image");
  t.equal(of([unnamed, asks(3, "", "alpine")], { name: "q", image: "alpine" }), undefined, "two");
  t.match(of([unnamed, asks(2, "", "alpine")], { name: "q", image: "alpine" }), { pid: 2 });
  const guessed: AskedBy = { client: client(4), action: "container.create", containerId: web };
  t.match(of([guessed], { name: "q", image: "alpine" }), { pid: 4 }, "without the plugin");
  t.end();
});

t.test("no flood of requests keeps more than it may", (t) => {
  const clients = new DockerClients();
  for (let number = 0; number < 10_000; number += 1) {
    const execId = number.toString(16).padStart(64, "0");
    clients.take({ ...started, execId, containerId: execId }, number);
  }
  const of = (number: number): DockerClient | undefined => {
    const execId = number.toString(16).padStart(64, "0");
    return clients.ofProcess({ kind: "exec", execId, isExact: true }, web);
  };
  t.equal(of(0), undefined);
  t.not(of(9_999), undefined);
  t.end();
});

t.test("terminals have names", (t) => {
  const rows: readonly (readonly [number, string | undefined])[] = [
    [0, undefined],
    [34_816, "pts/0"],
    [34_819, "pts/3"],
    [(137 << 8) | 1, "pts/257"],
    [0x401, "tty1"],
    [(5 << 8) | 1, "5:1"],
  ];
  for (const [device, name] of rows) t.equal(terminalName(device), name);
  t.end();
});
