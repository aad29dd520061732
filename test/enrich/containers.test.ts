// SPDX-License-Identifier: Apache-2.0
import { setImmediate as soon } from "node:timers/promises";
import t from "tap";
import { createContainerInventory, type InventoryLimits } from "../../daemon/enrich/containers.ts";
import type { Container } from "../../daemon/model/container.ts";
import { createFakeEngine } from "../support/fake-engine.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { until } from "../support/until.ts";

const id = "c".repeat(64);
const otherId = "d".repeat(64);
const imageId = `sha256:${"1".repeat(64)}`;
const waitMs = 60_000;
const startNs = 1_000_000_000_000_000_000;

const entry = {
  ...{ Id: id, Names: ["/web"], Image: "alpine", ImageID: imageId, Labels: { team: "red" } },
  ...{ State: "running", Created: 1_000_000_000, HostConfig: { NetworkMode: "host" }, Mounts: [] },
};
const details = {
  ...{ Id: id, Name: "/web", Image: imageId, Created: "2001-09-09T01:46:40.5Z" },
  Config: { Image: "alpine:3", User: "app", Labels: { team: "red" } },
  HostConfig: { NetworkMode: "host", Privileged: true },
  State: { Status: "running", Pid: 42, StartedAt: "2001-09-09T01:46:41Z" },
  Mounts: [],
};
const image = { Id: imageId, RepoTags: ["alpine:3"], Config: { Labels: { baked: "in" } } };
const attributes = { image: "alpine:3", name: "web", team: "red" };

let eventCount = 0;

function eventOf(action: string, more: Readonly<Record<string, string>> = {}, ID = id): unknown {
  eventCount += 1;
  const timeNano = startNs + eventCount * 1_000_000;
  return {
    Type: "container",
    Action: action,
    Actor: { ID, Attributes: { ...attributes, ...more } },
    timeNano,
  };
}

/** An inventory on an engine of the test's making, with a clock that the test sets. */
function setUp(t: { teardown(end: () => void): unknown }, limits: Partial<InventoryLimits> = {}) {
  const fake = createFakeEngine();
  const { log, lines } = createRecordingLog();
  const told: Container[] = [];
  const removed: string[] = [];
  const time = { ms: 0 };
  const inventory = createContainerInventory({
    engine: fake.engine,
    clock: { nowMs: () => 0, nowNs: () => BigInt(startNs), monotonicMs: () => time.ms },
    log,
    onChange: (container) => told.push(container),
    onRemove: (id) => removed.push(id),
    limits: { reconnectMinMs: 1, reconnectMaxMs: 4, ...limits },
  });
  t.teardown(() => {
    inventory.stop();
  });
  return { fake, inventory, lines, told, removed, time };
}

t.test("what runs at the start is known whole", async (t) => {
  const { fake, inventory, told } = setUp(t);
  fake.entries.set(id, entry);
  fake.details.set(id, details);
  fake.images.set(imageId, image);
  await inventory.start();
  t.match(inventory.get(id), {
    ...{ id, name: "web", labels: { team: "red" }, isPrivileged: true, user: "app", pid: 42 },
    image: { reference: "alpine:3", repository: "alpine", tag: "3", labels: { baked: "in" } },
    ...{ state: "running", isComplete: true, createdNs: 1_000_000_000_500_000_000n },
  });
  t.match(told[0], { name: "web", isComplete: false }, "the list is told before inspect answers");
  t.match(inventory.status(), {
    isConnected: true,
    containers: 1,
    gaps: 0,
    engine: { id: "engine" },
  });
});

t.test("the create event is told at once, and inspect's lock delays nothing else", async (t) => {
  const { fake, inventory, told } = setUp(t);
  await inventory.start();
  let unlock = (): void => undefined;
  fake.locked.set(id, new Promise((resolve) => (unlock = resolve)));
  fake.entries.set(id, { ...entry, State: "created" });
  fake.details.set(id, details);
  fake.images.set(imageId, image);
  fake.emit(eventOf("create"));
  t.match(told, [
    { name: "web", image: { repository: "alpine", tag: "3", id: "" }, isComplete: false },
  ]);
  await until(() => inventory.get(id)?.image.id === imageId, waitMs);
  t.match(inventory.get(id), {
    image: { labels: { baked: "in" } },
    ...{ networkMode: "host", state: "created", isComplete: false },
  });
  fake.emit(eventOf("start"));
  t.match(inventory.get(id), { state: "running", pid: undefined });
  t.ok(inventory.get(id)?.startedNs);
  unlock();
  await until(() => inventory.get(id)?.pid === 42, waitMs);
  t.match(inventory.get(id), { isComplete: true, isPrivileged: true });
  t.equal(
    fake.calls.filter((call) => call === `inspect ${id}`).length,
    2,
    "asked again after start",
  );
});

t.test("a life's events", async (t) => {
  const { fake, inventory } = setUp(t);
  await inventory.start();
  const steps = [
    { action: "create", expected: { state: "created" } },
    { action: "start", expected: { state: "running" } },
    { action: "pause", expected: { state: "paused" } },
    { action: "unpause", expected: { state: "running" } },
    { action: "exec_create: /bin/sh", expected: { state: "running" } },
    { action: "kill", expected: { state: "running" } },
    { action: "die", expected: { state: "dead", pid: undefined } },
    { action: "start", expected: { state: "running" } },
    { action: "destroy", expected: { state: "dead", name: "web" } },
  ];
  for (const { action, expected } of steps) {
    fake.emit(eventOf(action));
    t.match(inventory.get(id), expected, action);
  }
  fake.emit(eventOf("rename", { name: "new", oldName: "/web" }));
  t.equal(inventory.get(id)?.name, "new", "rename");
});

t.test(
  "a container that was gone before it could be asked about has its image by name",
  async (t) => {
    const { fake, inventory } = setUp(t);
    fake.images.set("alpine:3", image);
    await inventory.start();
    for (const action of ["create", "start", "die", "destroy"]) fake.emit(eventOf(action));
    await until(() => inventory.get(id)?.image.id === imageId, waitMs);
    t.match(inventory.get(id), { state: "dead", image: { labels: { baked: "in" } } });
  },
);

t.test("what is no reference goes into no request", async (t) => {
  const { fake, inventory } = setUp(t);
  await inventory.start();
  fake.emit(eventOf("create", { image: "../containers/json?x=" }));
  await until(() => fake.calls.includes(`list ${id}`), waitMs);
  await soon();
  t.strictSame(
    fake.calls.filter((call) => call.startsWith("inspectImage")),
    [],
  );
  t.equal(inventory.get(id)?.image.repository, "../containers/json?x=");
});

t.test("the dead are kept for their time", async (t) => {
  const { fake, inventory, removed, time } = setUp(t, { goneKeepMs: 50 });
  await inventory.start();
  fake.emit(eventOf("create"));
  fake.emit(eventOf("destroy"));
  time.ms = 49;
  fake.emit(eventOf("create", {}, otherId));
  t.ok(inventory.get(id));
  time.ms = 50;
  await until(() => removed.length > 0, waitMs);
  t.strictSame(removed, [id]);
  t.equal(inventory.get(id), undefined);
});

t.test("no more of the dead than the bound", async (t) => {
  const { fake, inventory, removed } = setUp(t, { stoppedMax: 1 });
  await inventory.start();
  fake.emit(eventOf("create"));
  fake.emit(eventOf("destroy"));
  fake.emit(eventOf("create", {}, otherId));
  t.strictSame(removed, [id]);
  t.match(inventory.status(), { containers: 1, evicted: 1 });
});

t.test("after a gap the list is compared, and events go on where they ended", async (t) => {
  const { fake, inventory, lines } = setUp(t);
  fake.entries.set(id, entry);
  fake.details.set(id, details);
  fake.images.set(imageId, image);
  await inventory.start();
  const event = eventOf("update");
  fake.emit(event);
  fake.isAway = true;
  fake.entries.clear();
  fake.entries.set(otherId, { ...entry, Id: otherId, Names: ["/late"] });
  fake.details.set(otherId, { ...details, Id: otherId, Name: "/late" });
  fake.cut();
  t.equal(inventory.status().isConnected, false);
  await until(() => fake.calls.filter((call) => call === "negotiate").length > 3, waitMs);
  fake.isAway = false;
  await until(() => inventory.get(otherId)?.isComplete === true, waitMs);
  t.equal(inventory.get(id)?.state, "dead", "what the list does not have any more has ended");
  t.match(inventory.status(), { isConnected: true, reconnects: 1, gaps: 1 });
  t.equal(lines.filter(({ level }) => level === "warn").length, 1, "said once");
  t.equal(lines.filter(({ level }) => level === "info").length, 2, "connected, and again");
  const asked = fake.calls.filter((call) => call.startsWith("events "));
  const [first, second] = asked.map((call) => BigInt(call.slice("events ".length)));
  t.equal(first, BigInt(startNs) - 10_000_000_000n, "the first looks back");
  t.ok(second !== undefined && second > BigInt(startNs) - 2_000_000_000n, "the next goes on");
  const before = fake.calls.length;
  fake.emit(event);
  t.equal(fake.calls.length, before, "an event that comes twice is told once");
});

t.test("a new connection asks again for what runs: it may be another process", async (t) => {
  const { fake, inventory } = setUp(t);
  fake.entries.set(id, entry);
  fake.details.set(id, details);
  fake.images.set(imageId, image);
  await inventory.start();
  fake.details.set(id, { ...details, State: { ...details.State, Pid: 43 } });
  fake.cut();
  await until(() => inventory.get(id)?.pid === 43, waitMs);
});

t.test("lost events make it compare the list", async (t) => {
  const { fake, inventory } = setUp(t);
  await inventory.start();
  fake.entries.set(id, entry);
  fake.details.set(id, details);
  for (let i = 0; i < 100; i++) fake.lose();
  await until(() => inventory.get(id)?.isComplete === true, waitMs);
  t.equal(inventory.status().gaps, 100);
  t.ok(fake.calls.filter((call) => call === "list").length < 5, "not once for each");
});

t.test("now and then the list is compared although nothing is missing", async (t) => {
  const { fake, inventory } = setUp(t, { reconcileEveryMs: 5 });
  await inventory.start();
  fake.entries.set(id, entry);
  await until(() => inventory.get(id) !== undefined, waitMs);
  t.equal(inventory.status().gaps, 0);
});

t.test("an engine that is away at the start is tried until it is there", async (t) => {
  const { fake, inventory, lines } = setUp(t);
  fake.isAway = true;
  await inventory.start();
  t.match(inventory.status(), { isConnected: false, engine: undefined });
  await until(() => fake.calls.length > 3, waitMs);
  t.match(lines[0], {
    level: "warn",
    message: /no container engine/,
    fields: { reason: /nobody/ },
  });
  t.equal(lines.filter(({ level }) => level !== "debug").length, 1, "said once");
  fake.isAway = false;
  await until(() => inventory.status().isConnected, waitMs);
  t.match(inventory.status(), { reconnects: 0, gaps: 0 });
});

t.test("after stop nothing is told or asked any more", async (t) => {
  const { fake, inventory, told } = setUp(t);
  await inventory.start();
  fake.entries.set(id, entry);
  fake.emit(eventOf("create"));
  const before = told.length;
  inventory.stop();
  fake.emit(eventOf("start"));
  fake.cut();
  const calls = fake.calls.length;
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.equal(told.length, before);
  t.equal(fake.calls.length, calls);
});
