// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { createContainerInventory } from "../../daemon/enrich/containers.ts";
import { createClock } from "../../daemon/host/clock.ts";
import { createDockerEngine } from "../../daemon/host/docker.ts";
import type { Container } from "../../daemon/model/container.ts";
import { requireEngine, startEngine, type TestEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { until } from "../support/until.ts";

const waitMs = 60_000;

if (requireEngine(t)) {
  t.setTimeout(300_000);
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);

  await t.test("what runs at the start is known whole when start resolves", async (t) => {
    const id = await run(engine, "--name=early", "--user=app", "--label=team=red", images.busybox);
    const { inventory, log } = await watch(t, engine);
    const container = inventory.get(id);
    t.match(container, {
      name: "early",
      image: {
        reference: "busybox:test",
        repository: "busybox",
        normalizedRepository: "docker.io/library/busybox",
        tag: "test",
      },
      labels: { team: "red" },
      user: "app",
      isPrivileged: false,
      networkMode: "none",
      state: "running",
      isComplete: true,
    });
    t.ok((container?.pid ?? 0) > 1, "its pid is known");
    t.match(container?.rootDirectory, /\/merged$/, "and where its root is mounted");
    t.match(container?.image.id, /^sha256:[0-9a-f]{64}$/);
    t.match(inventory.status(), {
      isConnected: true,
      reconnects: 0,
      gaps: 0,
      engine: { id: /./, version: /./, apiVersion: /^1\.\d+$/, storageDriver: /./ },
    });
    t.equal(log.filter(({ level }) => level === "warn").length, 0, "nothing to warn of");
    await engine.docker("kill", "early");
  });

  await t.test("a life is followed from create to destroy", async (t) => {
    const { inventory, changes } = await watch(t, engine);
    const created = await engine.docker(
      ...["create", "--name=followed", "--network=none", images.curl, "--version"],
    );
    const id = created.stdout.trim();
    await until(() => inventory.get(id)?.isComplete === true, waitMs);
    t.match(changes(id)[0], { name: "followed", image: { repository: "byrnedo/alpine-curl" } });
    t.equal(changes(id)[0]?.isComplete, false, "the first word is the event's own");
    t.match(inventory.get(id), {
      state: "created",
      image: {
        normalizedRepository: "docker.io/byrnedo/alpine-curl",
        tag: "latest",
        labels: { "org.example.image": "curl" },
      },
      labels: { "org.example.image": "curl" },
    });
    await engine.docker("rename", "followed", "renamed");
    await until(() => inventory.get(id)?.name === "renamed", waitMs);
    const started = await engine.docker("start", id);
    t.equal(started.code, 0, started.stderr);
    await until(() => inventory.get(id)?.state === "dead", waitMs);
    t.ok(
      changes(id).some(({ state }) => state === "running"),
      "it was seen running",
    );
    t.equal(inventory.get(id)?.pid, undefined, "it has no pid any more");
    await engine.docker("rm", id);
    t.equal(inventory.get(id)?.name, "renamed", "it is known after its end");
  });

  await t.test("what a container may do is known before it starts", async (t) => {
    const { inventory } = await watch(t, engine);
    const volume = "--volume=/etc/hostname:/data/hostname:ro";
    const rights = [
      "--privileged",
      "--user=app",
      volume,
      "--label=com.docker.compose.project=shop",
    ];
    const labels = [...rights, "--label=com.docker.compose.service=web"];
    const created = await engine.docker("create", "--network=host", ...labels, images.busybox);
    const id = created.stdout.trim();
    await until(() => inventory.get(id)?.isComplete === true, waitMs);
    t.match(inventory.get(id), {
      isPrivileged: true,
      user: "app",
      networkMode: "host",
      mounts: [
        {
          type: "bind",
          source: "/etc/hostname",
          destination: "/data/hostname",
          isReadWrite: false,
        },
      ],
      compose: { project: "shop", service: "web" },
    });
    await engine.docker("rm", id);
  });

  await t.test("pause and unpause are followed, and done through the engine", async (t) => {
    const { inventory, docker } = await watch(t, engine);
    const id = await run(engine, "--name=paused", images.busybox);
    await until(() => inventory.get(id)?.pid !== undefined, waitMs);
    t.equal((await docker.pause(id, waitMs)).ok, true);
    await until(() => inventory.get(id)?.state === "paused", waitMs);
    t.equal((await docker.pause(id, waitMs)).ok, true, "paused already is done already");
    t.equal((await docker.unpause(id, waitMs)).ok, true);
    await until(() => inventory.get(id)?.state === "running", waitMs);
    t.equal((await docker.kill(id, { timeoutMs: waitMs })).ok, true);
    await until(() => inventory.get(id)?.state === "dead", waitMs);
    for (const [change, act] of [
      ["kill", () => docker.kill(id, { timeoutMs: waitMs })],
      ["stop", () => docker.stop(id, { timeoutMs: waitMs })],
      ["pause", () => docker.pause(id, waitMs)],
    ] as const) {
      const result = await act();
      t.match(
        result,
        { ok: false, error: { kind: "gone" } },
        `${change} of a dead container: gone`,
      );
    }
    await engine.docker("rm", id);
    t.match(await docker.kill(id, { timeoutMs: waitMs }), { ok: false, error: { kind: "gone" } });
  });

  await t.test("a container started by its image's id is known by the image's name", async (t) => {
    const { inventory } = await watch(t, engine);
    const asked = await engine.docker("image", "inspect", "--format={{.Id}}", images.curl);
    const imageId = asked.stdout.trim();
    for (const reference of [imageId, imageId.slice("sha256:".length, 20)]) {
      const created = await engine.docker("create", "--network=none", reference, "--version");
      const id = created.stdout.trim();
      await until(() => inventory.get(id)?.isComplete === true, waitMs);
      t.match(inventory.get(id)?.image, {
        reference,
        repository: "byrnedo/alpine-curl",
        tag: "latest",
        id: imageId,
      });
      await engine.docker("rm", id);
    }
  });

  await t.test("after the engine's restart what was missed is made good", async (t) => {
    const id = await run(engine, "--name=survivor", "--restart=always", images.busybox);
    const { inventory, log } = await watch(t, engine);
    const pidBefore = inventory.get(id)?.pid;
    await engine.halt();
    await until(() => !inventory.status().isConnected, waitMs);
    await engine.start();
    await until(() => inventory.status().isConnected, waitMs);
    await until(
      () => inventory.get(id)?.pid !== pidBefore && inventory.get(id)?.pid !== undefined,
      waitMs,
    );
    t.match(inventory.get(id), { state: "running", name: "survivor" });
    t.match(inventory.status(), { reconnects: 1, gaps: 1 });
    const warnings = log.filter(({ level }) => level === "warn").map(({ message }) => message);
    const away = warnings.filter((message) => !message.includes("blind from"));
    t.equal(away.length, 1, "it is said once that the engine was away");
    t.ok(warnings.length - away.length <= 1, "and at most once that events may be missing");
    await engine.docker("rm", "--force", id);
    await until(() => inventory.get(id)?.state === "dead", waitMs);
  });

  await t.test(
    "an engine that is away at the start is said once, and found when it comes",
    async (t) => {
      await engine.halt();
      const { inventory, log } = await watch(t, engine);
      t.equal(inventory.status().isConnected, false);
      await until(() => log.some(({ level }) => level === "debug"), waitMs);
      t.equal(log.filter(({ level }) => level === "warn").length, 1);
      await engine.start();
      await until(() => inventory.status().isConnected, waitMs);
      t.equal(inventory.status().reconnects, 0, "the first connection is no reconnect");
    },
  );

  await t.test(
    "200 containers that live for a moment, eight at a time, all have a name",
    async (t) => {
      const { inventory, changes, ids } = await watch(t, engine);
      const before = new Set(ids());
      await eachOf(200, 8, async () => {
        const done = await engine.docker(
          "run",
          "--rm",
          "--network=none",
          images.busybox,
          "/bin/true",
        );
        if (done.code !== 0) throw new Error(done.stderr);
      });
      const seen = ids().filter((id) => !before.has(id));
      t.equal(seen.length, 200, "every one was seen");
      const named = seen.filter((id) => changes(id)[0]?.image.repository === "busybox");
      t.equal(named.length, 200, "with the image's name from the first word");
      const atStart = seen.map((id) => changes(id).find(({ state }) => state === "running"));
      const identified = atStart.filter((container) => container?.image.id !== "").length;
      const complete = atStart.filter((container) => container?.isComplete === true).length;
      t.comment(`before the start event: image id of ${identified}, inspect of ${complete} of 200`);
      await until(() => seen.every((id) => inventory.get(id)?.state === "dead"), waitMs);
      t.ok(
        seen.every((id) => inventory.get(id)?.image.repository === "busybox"),
        "and after their end",
      );
      await until(() => seen.every((id) => inventory.get(id)?.image.id !== ""), waitMs);
      t.match(inventory.status(), { gaps: 0, lookupsFailed: 0, evicted: 0 });
    },
  );
}

/** Starts an inventory for the length of a test, and records what it tells. */
async function watch(t: { teardown(end: () => void): unknown }, { host }: TestEngine) {
  const { log, lines } = createRecordingLog();
  const told = new Map<string, Container[]>();
  const docker = createDockerEngine({ host });
  const inventory = createContainerInventory({
    engine: docker,
    clock: createClock(),
    log,
    onChange: (container) => {
      told.set(container.id, [...(told.get(container.id) ?? []), container]);
    },
    onRemove: (id) => told.delete(id),
  });
  t.teardown(() => {
    inventory.stop();
    docker.close();
  });
  await inventory.start();
  const changes = (id: string): readonly Container[] => told.get(id) ?? [];
  return { inventory, docker, log: lines, changes, ids: () => [...told.keys()] };
}

/** Runs a container that waits to be killed, and returns its id. */
async function run(engine: TestEngine, ...args: readonly string[]): Promise<string> {
  const waiting = ["/bin/sleep", "600"];
  const started = await engine.docker("run", "--detach", "--network=none", ...args, ...waiting);
  if (started.code !== 0) throw new Error(started.stderr);
  return started.stdout.trim();
}

async function eachOf(count: number, atOnce: number, task: () => Promise<void>): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await task();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
