// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { AskedBy, DockerClient } from "../../daemon/model/docker-client.ts";
import { Attribution, type Look } from "../../plugin/attribution.ts";
import { likeliest, type Candidate, type Wanted } from "../../plugin/client-choice.ts";
import type { AuthorizationRequest } from "../../plugin/protocol.ts";

const own = 1;
const alice = 10;
const bob = 20;
const portainer = 30;
const lines: Readonly<Record<number, string>> = {
  [own]: "node execwarden run",
  [alice]: "docker exec -it web sh -l",
  [bob]: "docker exec web id",
  [portainer]: "/portainer",
};

function request(line: string, changes: Partial<AuthorizationRequest> = {}): AuthorizationRequest {
  const [method = "", uri = ""] = line.split(" ");
  return {
    ...{ method, uri, user: "", authMethod: "", headers: {} },
    ...changes,
  };
}

const execCreate = request("POST /v1.41/containers/web/exec");
const inWeb: Wanted = { action: "exec.create", target: "web", names: ["web"], command: "id" };
const id = "a".repeat(64);

/** An attribution over connections `[inode, pid]` that a test opens and closes; a third word says what is odd. */
function setUp() {
  const state = { connections: [] as [number, number, string?][], isWhole: true };
  const told: AskedBy[] = [];
  const attribution = new Attribution({
    ownPid: own,
    look: (): Look => ({
      connections: state.connections.map(([inode, pid, odd]) => ({
        ...{ inode, pid, isClosed: odd === "closed" },
      })),
      isWhole: state.isWhole,
    }),
    commandLine: (pid) => lines[pid]?.split(" ") ?? [],
    describe: (pid, confidence): DockerClient => ({
      ...{ confidence, pid, uid: 0, tty: 0, exe: "", parents: [], cmdline: lines[pid] ?? "" },
    }),
    holds: (_pid, inode) =>
      state.connections.some(([one, , odd]) => one === inode && odd !== "inherited"),
    tell: (asked) => told.push(asked),
  });
  const ask = (asked = execCreate, wanted = inWeb): string => {
    const client = attribution.begin(asked, wanted);
    return client === undefined ? "nobody" : `${client.pid} ${client.confidence}`;
  };
  return { state, told, attribution, ask };
}

t.test("the only one who is connected beside ourselves is certain", (t) => {
  const { state, ask } = setUp();
  state.connections = [
    [100, own],
    [101, bob],
    [102, own],
  ];
  t.equal(ask(), `${bob} exact`);
  t.end();
});

t.test("several connections of one process are still that process", (t) => {
  const { state, ask } = setUp();
  state.connections = [
    [101, bob],
    [102, bob],
  ];
  t.equal(ask(), `${bob} exact`);
  t.end();
});

t.test("what cannot be looked at makes nobody certain", (t) => {
  const rows: readonly (readonly [
    why: string,
    change: (state: ReturnType<typeof setUp>["state"]) => void,
  ])[] = [
    ["the engine listens on the network", (state) => (state.isWhole = false)],
    ["somebody else is connected", (state) => state.connections.push([102, portainer])],
    ["somebody sent a request and left", (state) => state.connections.push([102, 99, "closed"])],
    [
      "another process has the connection by now",
      (state) => (state.connections = [[101, bob, "inherited"]]),
    ],
  ];
  for (const [why, change] of rows) {
    const { state, ask } = setUp();
    state.connections = [[101, bob]];
    change(state);
    t.equal(ask(), `${bob} inferred`, why);
  }
  t.end();
});

t.test("who has closed the connection is not named", (t) => {
  const { state, ask } = setUp();
  state.connections = [[101, bob, "closed"]];
  t.equal(ask(), "nobody");
  t.end();
});

t.test("a session that goes on asks nothing else", (t) => {
  const { state, attribution, ask } = setUp();
  const start = request("POST /v1.41/exec/1/start");
  const started: Wanted = { action: "exec.start", target: "1", names: ["1"], command: "" };
  state.connections = [
    [101, alice],
    [102, alice],
  ];
  t.equal(ask(start, started), `${alice} exact`, "by one of two");
  state.connections.push([103, bob]);
  t.equal(ask(), `${bob} inferred`, "her idle connection could ask as well");
  attribution.end(execCreate);
  state.connections = [
    [102, alice],
    [103, bob],
  ];
  t.equal(ask(), `${bob} exact`, "the one that is left is her session's");
  attribution.end(execCreate);
  attribution.end(start);
  t.equal(ask(), `${bob} inferred`, "her session ended, and its connection may ask again");
  t.end();
});

t.test("a request that is only noted keeps its connection out too", (t) => {
  const { state, attribution, ask } = setUp();
  state.connections = [[101, portainer]];
  t.equal(attribution.begin(request("GET /v1.41/events"), undefined), undefined);
  state.connections.push([102, bob]);
  t.equal(ask(), `${bob} exact`);
  t.end();
});

t.test("a refused request frees its connection", (t) => {
  const { state, attribution, ask } = setUp();
  state.connections = [[101, portainer]];
  const create = request("POST /v1.41/containers/create", { body: Buffer.from("{}") });
  t.equal(ask(create), `${portainer} exact`);
  attribution.end(request("POST /v1.41/containers/create", { body: Buffer.from("{}") }));
  state.connections.push([102, bob]);
  t.equal(ask(), `${bob} inferred`);
  t.end();
});

t.test("what the daemon itself may ask is not laid on others", (t) => {
  const { state, ask } = setUp();
  state.connections = [
    [100, own],
    [101, portainer],
  ];
  const stop: Wanted = { action: "container.stop", target: "web", names: ["web"], command: "" };
  t.equal(ask(request("POST /containers/web/stop"), stop), "nobody");
  t.end();
});

t.test("who made an exec is remembered for its start, with what it runs", (t) => {
  const { state, told, attribution, ask } = setUp();
  state.connections = [
    [101, bob],
    [102, portainer],
  ];
  const client = attribution.begin(execCreate, inWeb);
  t.match(client, { pid: bob, confidence: "inferred" });
  if (client === undefined) throw new Error("nobody asked");
  const asked = { client, action: "exec.create", containerId: "c", command: "id" };
  attribution.allowed(execCreate, asked);
  const body = Buffer.from(JSON.stringify({ Id: id }));
  attribution.end({ ...execCreate, responseStatus: 201, responseBody: body });
  const start = request(`POST /v1.41/exec/${id}/start`);
  t.equal(
    ask(start, { action: "exec.start", target: id, names: [id], command: "" }),
    `${bob} inferred`,
  );
  attribution.allowed(start, { client, action: "exec.start", execId: id });
  t.strictSame(told, [
    asked,
    { ...asked, execId: id },
    { ...asked, action: "exec.start", execId: id },
  ]);
  t.end();
});

t.test("an answer that names nothing makes nobody a maker", (t) => {
  const { state, told, attribution } = setUp();
  state.connections = [[101, bob]];
  for (const text of ["", "{", "null", '{"Id":"x"}', '{"message":"no such container"}']) {
    const client = attribution.begin(execCreate, inWeb);
    if (client !== undefined) attribution.allowed(execCreate, { client, action: "exec.create" });
    attribution.end({ ...execCreate, responseStatus: 201, responseBody: Buffer.from(text) });
  }
  t.notOk(told.some(({ execId }) => execId !== undefined));
  t.end();
});

t.test("who comes with a certificate is no process of this host", (t) => {
  const { state, ask } = setUp();
  state.connections = [[101, bob]];
  t.equal(ask({ ...execCreate, user: "alice" }), "nobody");
  t.end();
});

t.test(
  "a guess without the plugin needs a command line that says so, and is never certain",
  (t) => {
    const { state, attribution } = setUp();
    state.connections = [
      [100, own],
      [101, portainer],
    ];
    t.equal(attribution.guess(inWeb), undefined);
    state.connections.push([102, bob]);
    t.match(attribution.guess(inWeb), { pid: bob, confidence: "inferred" });
    t.end();
  },
);

t.test("the likeliest of several", (t) => {
  const rows: readonly (readonly [
    why: string,
    expected: number | undefined,
    wanted: Partial<Wanted>,
    ...candidates: [line: string, changes?: Partial<Candidate>][],
  ])[] = [
    ["by name and command", 1, {}, ["docker exec web id"], ["docker exec db id"]],
    ["by the command", 2, {}, ["docker exec web ls"], ["docker exec web id"]],
    ["by the verb", 2, {}, ["docker logs -f web"], ["docker exec web id"]],
    ["by a short id", 1, { names: [id] }, ["docker exec aaaaaaaaaaaa id"], ["docker exec db ls"]],
    [
      "not by one letter",
      undefined,
      { names: [id], command: "" },
      ["docker exec a x"],
      ["docker exec b x"],
    ],
    ["two alike", undefined, {}, ["docker exec web id"], ["docker exec web id"]],
    [
      "the newer of two alike",
      2,
      {},
      ["docker exec web id"],
      ["docker exec web id", { isNew: true }],
    ],
    ["who asked before", 2, {}, ["docker exec web id"], ["python3 x.py", { isKnown: true }]],
    [
      "who has just come, where nothing else speaks",
      2,
      {},
      ["python3 a.py"],
      ["curl -s", { isNew: true }],
    ],
    ["nobody in particular", undefined, {}, ["python3 a.py"], ["python3 b.py"]],
    [
      "an empty name is no name",
      undefined,
      { names: [""], command: "" },
      ["docker exec "],
      ["curl"],
    ],
  ];
  for (const [why, expected, changes, ...candidates] of rows) {
    const all = candidates.map(([line, more], at): Candidate => ({
      ...{ pid: at + 1, argv: line.split(" "), isKnown: false, isNew: false },
      ...more,
    }));
    t.equal(likeliest(all, { ...inWeb, ...changes }), expected, why);
  }
  t.end();
});
