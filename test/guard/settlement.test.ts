// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { Settlement } from "../../daemon/guard/settlement.ts";

/** A settlement on a port that notes what it is told: `42/1 hold`, `default observe`, `cover web 7`. */
function setUp(roots: Readonly<Record<string, readonly (readonly [number, number])[]>> = {}) {
  const told: string[] = [];
  const deniers = new Set<string>();
  const used = new Map<string, readonly number[]>();
  const settlement = new Settlement({
    setMode: ({ device, generation }, mode) => told.push(`${device}/${generation} ${mode}`),
    setDefaultMode: (mode) => told.push(`default ${mode}`),
    requestCoverage: (containerId, pid) => told.push(`cover ${containerId} ${pid}`),
    setDevices: (id, devices) => {
      used.set(id, devices);
    },
    rootsOf: (id) => (roots[id] ?? []).map(([device, generation]) => ({ device, generation })),
    canDeny: () => deniers.size > 0,
    couldDeny: (id) => deniers.has(id),
  });
  /** What was told since the last look. */
  const news = (): readonly string[] => told.splice(0);
  return { settlement, deniers, used, news };
}

t.test("a container's places are asked for once, and it is settled when they are marked", (t) => {
  const { settlement, news } = setUp({ web: [[42, 1]] });
  t.equal(settlement.isSettled("web"), false);
  settlement.begin("web", 7);
  settlement.begin("web", 8);
  t.strictSame(news(), ["cover web 7"]);
  t.equal(settlement.isSettled("web"), false, "its execs are held until then");
  settlement.covered("web", { devices: [], isComplete: true });
  t.equal(settlement.isSettled("web"), true);
  settlement.begin("web", 9);
  t.strictSame(news(), ["42/1 observe", "default observe"]);
  t.end();
});

t.test("places that could not be seen are asked for again at the next exec, which is held", (t) => {
  const { settlement, news } = setUp({ web: [[42, 1]] });
  settlement.begin("web", 7);
  settlement.covered("web", { devices: [], isComplete: false });
  t.equal(settlement.isSettled("web"), true, "what waited goes on");
  t.strictSame(news(), ["cover web 7"], "its root stays held");
  settlement.begin("web", 8);
  t.equal(settlement.isSettled("web"), false);
  settlement.covered("web", { devices: [5], isComplete: true });
  settlement.begin("web", 9);
  t.strictSame(news(), ["cover web 8", "42/1 observe", "5/0 observe", "default observe"]);
  t.end();
});

t.test("what a container can execute from is told, until it stops", (t) => {
  const { settlement, used } = setUp();
  settlement.begin("web", 7);
  settlement.covered("web", { devices: [5, 6], isComplete: true });
  t.strictSame(used.get("web"), [5, 6]);
  settlement.reset("web");
  t.strictSame(used.get("web"), []);
  t.end();
});

for (const [name, couldDeny, mode] of [
  ["held when some policy could refuse something there", true, "hold"],
  ["observed when none could", false, "observe"],
] as const) {
  t.test(`all superblocks of a container are ${name}`, (t) => {
    const { settlement, deniers, news } = setUp({
      web: [
        [42, 1],
        [43, 5],
      ],
    });
    if (couldDeny) deniers.add("web");
    settlement.covered("web", { devices: [7], isComplete: true });
    t.strictSame(news(), [`42/1 ${mode}`, `43/5 ${mode}`, `7/0 ${mode}`, `default ${mode}`]);
    t.end();
  });
}

t.test("what is newly known changes the mode of a settled container, and of no other", (t) => {
  const { settlement, deniers, news } = setUp({ web: [[42, 1]] });
  settlement.update("web");
  settlement.begin("web", 7);
  news();
  deniers.add("web");
  settlement.update("web");
  t.strictSame(news(), []);
  settlement.covered("web", { devices: [], isComplete: true });
  t.strictSame(news(), ["42/1 hold", "default hold"]);
  deniers.delete("web");
  settlement.update("web");
  t.strictSame(news(), ["42/1 observe", "default observe"]);
  t.end();
});

t.test("a superblock that several use is held as long as one of them wants it held", (t) => {
  const { settlement, deniers, news } = setUp();
  deniers.add("strict");
  settlement.covered("strict", { devices: [7], isComplete: true });
  news();
  settlement.covered("lax", { devices: [7, 8], isComplete: true });
  t.strictSame(news(), ["7/0 hold", "8/0 observe", "default hold"]);
  settlement.reset("strict");
  t.strictSame(news(), ["7/0 observe", "default observe"], "the other is still there");
  settlement.reset("lax");
  t.strictSame(news(), ["7/0 none", "8/0 none", "default observe"], "nobody is");
  t.end();
});

t.test("whoever came first", (t) => {
  const { settlement, deniers, news } = setUp();
  deniers.add("strict");
  settlement.covered("lax", { devices: [7], isComplete: true });
  settlement.covered("strict", { devices: [7], isComplete: true });
  t.strictSame(news(), ["7/0 observe", "default observe", "7/0 hold", "default hold"]);
  t.end();
});

t.test("a container that stopped is held and settled anew at its next start", (t) => {
  const { settlement, news } = setUp({ web: [[42, 1]] });
  settlement.begin("web", 7);
  settlement.covered("web", { devices: [], isComplete: true });
  news();
  settlement.reset("web");
  t.strictSame(news(), ["42/1 hold", "default observe"]);
  t.equal(settlement.isSettled("web"), false);
  settlement.begin("web", 8);
  t.strictSame(news(), ["cover web 8"]);
  settlement.reset("nobody");
  t.strictSame(news(), []);
  t.end();
});

const giveUps: readonly [
  name: string,
  root: { readonly device: number; readonly generation: number },
  containerId: string | undefined,
  told: readonly string[],
][] = [
  [
    "a root whose container nobody knows",
    { device: 42, generation: 3 },
    undefined,
    ["42/3 observe"],
  ],
  ["a root of a foreign container", { device: 42, generation: 3 }, "foreign", ["42/3 observe"]],
  ["a foreign container's own volume", { device: 9, generation: 0 }, "foreign", ["9/0 observe"]],
  ["but no volume that another container uses", { device: 7, generation: 0 }, "foreign", []],
  ["nor one on which the host executes something", { device: 7, generation: 0 }, undefined, []],
  ["nor a superblock of the host's", { device: 1, generation: 0 }, "foreign", []],
];

for (const [name, root, containerId, told] of giveUps) {
  t.test(`given up is ${name}`, (t) => {
    const { settlement, deniers, news } = setUp();
    deniers.add("web");
    settlement.covered("web", { devices: [7], isComplete: true });
    settlement.covered("foreign", { devices: [7, 9], isComplete: true });
    news();
    settlement.giveUp(root, containerId);
    t.strictSame(news(), told);
    t.end();
  });
}

t.test("a container that stopped before its places were marked is not settled by them", (t) => {
  const { settlement, news } = setUp();
  settlement.begin("web", 7);
  settlement.reset("web");
  t.strictSame(settlement.devices(), []);
  settlement.covered("web", { devices: [5], isComplete: true });
  t.equal(settlement.isSettled("web"), false);
  settlement.begin("web", 8);
  t.strictSame(news(), ["cover web 7", "default observe", "cover web 8"]);
  settlement.covered("web", { devices: [6], isComplete: true });
  t.equal(settlement.isSettled("web"), true);
  t.strictSame(news(), ["6/0 observe", "default observe"]);
  t.end();
});

t.test("nor is its next start, while the answer for the last one is still to come", (t) => {
  const { settlement, news } = setUp();
  settlement.begin("web", 7);
  settlement.reset("web");
  settlement.begin("web", 8);
  news();
  settlement.covered("web", { devices: [5], isComplete: true });
  t.equal(settlement.isSettled("web"), false);
  settlement.covered("web", { devices: [6], isComplete: true });
  t.equal(settlement.isSettled("web"), true);
  t.strictSame(news(), ["6/0 observe", "default observe"]);
  settlement.reset("web");
  settlement.begin("web", 9);
  t.equal(news().at(-1), "cover web 9", "and all is as at the first start");
  settlement.covered("web", { devices: [6], isComplete: true });
  t.equal(settlement.isSettled("web"), true);
  t.end();
});

t.test("every superblock is told with its mode and its containers", (t) => {
  const { settlement, deniers } = setUp({ strict: [[42, 1]], lax: [[43, 1]], new: [[44, 1]] });
  deniers.add("strict");
  settlement.covered("lax", { devices: [7, 8], isComplete: true });
  settlement.covered("strict", { devices: [7], isComplete: true });
  settlement.begin("new", 9);
  t.strictSame(settlement.devices(), [
    { device: 43, mode: "observe", containers: ["lax"] },
    { device: 7, mode: "hold", containers: ["lax", "strict"] },
    { device: 8, mode: "observe", containers: ["lax"] },
    { device: 42, mode: "hold", containers: ["strict"] },
    { device: 44, mode: "hold", containers: ["new"] },
  ]);
  t.end();
});

t.test("while a container starts, what has no mode of its own is held for it", (t) => {
  const { settlement, deniers, news } = setUp({ web: [[42, 1]] });
  deniers.add("web");
  settlement.rootAdded({ device: 42, generation: 1 });
  settlement.rootAdded({ device: 43, generation: 2 });
  t.strictSame(news(), ["default hold", "default hold"]);
  deniers.clear();
  deniers.add("another");
  settlement.begin("web", 7);
  settlement.covered("web", { devices: [], isComplete: true });
  t.strictSame(news(), ["cover web 7", "42/1 observe", "default hold"], "43 is not settled");
  settlement.rootGone({ device: 43, generation: 1 });
  t.strictSame(news(), [], "another life of the number");
  settlement.rootGone({ device: 43, generation: 2 });
  t.strictSame(news(), ["default observe"]);
  settlement.rootAdded({ device: 44, generation: 3 });
  settlement.giveUp({ device: 44, generation: 3 }, undefined);
  t.strictSame(news(), ["default hold", "44/3 observe", "default observe"], "nobody's");
  deniers.clear();
  settlement.rootAdded({ device: 45, generation: 4 });
  t.strictSame(news(), ["default observe"], "nothing could be refused anyway");
  t.end();
});
