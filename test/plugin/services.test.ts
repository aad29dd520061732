// A swarm's services at the door, on a real engine: clients name networks by ids that only the swarm knows.
// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import { startDaemon } from "../support/daemon.ts";
import { openDoor } from "../support/door.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const rules = readFileSync(new URL("../../rules/docker.yaml", import.meta.url), "utf8");
const policies = `
policies:
  - name: Keep off the host
    rules: [{ tag: host_access }]
    mode: enforce
    actions: [deny]
`;
/** A network of its own, so that the swarm's ports are nobody else's. */
const apart = [
  ...["unshare", "--net", "/bin/sh", "-c"],
  ...['busybox ip link set lo up && exec "$@"', "engine"],
];

if (requireEngine(t)) {
  t.setTimeout(180_000);
  const door = await openDoor();
  const scratch = mkdtempSync(join(tmpdir(), "services-"));
  const engineConfig = join(scratch, "daemon.json");
  writeFileSync(engineConfig, "{}");
  const engine = await startEngine({ flags: [`--config-file=${engineConfig}`], runBy: apart });
  t.teardown(async () => {
    await engine.stop();
    await door.stop();
    rmSync(scratch, { recursive: true, force: true });
  });
  await buildImages(engine);
  const joined = await engine.docker("swarm", "init", "--advertise-addr=127.0.0.1");
  if (joined.code !== 0) throw new Error(joined.stderr);
  const host = await engine.docker("network", "inspect", "-f", "{{.Id}}", "host");
  const hostId = host.stdout.trim();
  const daemon = await startDaemon({
    ...{ dockerHost: engine.host, mode: "enforce", rules, policies },
    config: { plugin: { socket: door.socket, on_failure: "deny", deadline: "10s" } },
  });
  t.teardown(async () => {
    await engine.stop();
    await daemon.stop();
  });
  writeFileSync(engineConfig, JSON.stringify({ "authorization-plugins": [door.name] }));
  await engine.restart();
  const create = (...flags: readonly string[]): ReturnType<typeof engine.docker> =>
    engine.docker("service", "create", "--detach", ...flags, images.busybox, "/bin/sleep", "60");
  const off = /refused by the policy .?"Keep off the host/;

  await t.test("a service is refused what a container is", async (t) => {
    // The swarm is there again some time after its engine.
    let plain = await create("--name=plain");
    for (let tries = 0; tries < 300 && plain.code !== 0; tries += 1) {
      await delay(100);
      plain = await create("--name=plain");
    }
    t.equal(plain.code, 0, plain.stderr);
    const rows: readonly (readonly string[])[] = [
      ["--network=host"],
      ["--cap-add=CAP_SYS_ADMIN"],
      ["--mount=type=bind,src=/etc,dst=/x"],
    ];
    for (const flags of rows) t.match((await create(...flags)).stderr, off, flags.join(" "));
    const alert = await daemon.alert(({ rule }) => rule === "Create Container in Host Namespace");
    t.match(alert.execwarden, {
      docker_request: { action: "service.create", network_mode: "host" },
    });
    const updated = await engine.docker("service", "update", "-d", "--network-add=host", "plain");
    t.match(updated.stderr, off, "an update");
    const other = await engine.docker("network", "create", "--driver=overlay", "mine");
    t.equal(other.code, 0, other.stderr);
    const mine = await create("--network=mine");
    t.equal(mine.code, 0, mine.stderr);
  });

  await t.test("the host's network by its id, or the beginning of it", async (t) => {
    for (const id of [hostId, hostId.slice(0, 12)]) {
      const made = await engine.docker("create", `--network=${id}`, images.busybox, "/bin/true");
      t.match(made.stderr, off, id);
    }
    const made = await engine.docker("create", "--network=none", images.busybox, "/bin/true");
    t.equal(made.code, 0, made.stderr);
  });
}
