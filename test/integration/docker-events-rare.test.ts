// What the engine tells that takes more to bring about: images that are pulled and deleted, memory that is used up, and a
// plugin that is enabled; with the shipped rules.
// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { startDaemon, type AlertLine } from "../support/daemon.ts";
import { requireEngine, startEngine, type TestEngine } from "../support/engine.ts";
import { startImageRegistry } from "../support/image-registry.ts";
import { buildImages, images } from "../support/images.ts";

const shipped = fileURLToPath(new URL("../../rules/docker-events.yaml", import.meta.url));
const rules = `${readFileSync(shipped, "utf8")}
- rule: Docker Event
  desc: everything that the engine tells
  source: docker
  condition: evt.type = docker_event
  output: >
    event (what=%docker.event.type %docker.event.action name=%docker.event.name id=%docker.event.actor_id
    image=%docker.event.image container=%container.name)
  priority: NOTICE
`;

/** Lays a plugin out as `docker plugin create` wants it. */
function layPlugin(engine: TestEngine): string {
  const directory = mkdtempSync(join(engine.directory, "plugin-"));
  mkdirSync(join(directory, "rootfs/run/docker/plugins"), { recursive: true });
  const source = fileURLToPath(new URL("../support/plugin-socket.c", import.meta.url));
  execFileSync("gcc", ["-O1", "-static", "-o", join(directory, "rootfs/idle"), source]);
  const config = {
    ...{ description: "does nothing", documentation: "none", entrypoint: ["/idle"] },
    interface: { types: ["docker.dummy/1.0"], socket: "idle.sock" },
    network: { type: "host" },
  };
  writeFileSync(join(directory, "config.json"), JSON.stringify(config));
  return directory;
}

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  const daemon = await startDaemon({ dockerHost: engine.host, rules });
  t.teardown(() => daemon.stop());
  const docker = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await engine.docker(...args);
    if (code !== 0) throw new Error(`docker ${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  };
  const told = (rule: string, fields: Readonly<Record<string, unknown>> = {}): Promise<AlertLine> =>
    daemon.alert(
      (alert) =>
        alert.rule === rule &&
        Object.entries(fields).every(([name, value]) => alert.output_fields[name] === value),
    );
  const event = (type: string, action: string, name: string): Promise<AlertLine> =>
    told("Docker Event", {
      ...{ "docker.event.type": type, "docker.event.action": action, "docker.event.name": name },
    });

  await t.test("an image is pulled, and deleted", async (t) => {
    const registry = await startImageRegistry();
    t.teardown(() => {
      registry.stop();
    });
    const { reference } = registry;
    await docker("pull", reference);
    const pulled = await told("Docker Event", {
      ...{ "docker.event.action": "pull", "docker.event.actor_id": reference },
    });
    t.match(pulled.output_fields, {
      "docker.event.type": "image",
      "docker.event.image": reference,
    });
    const id = await docker("inspect", "--format={{.Id}}", reference);
    await docker("rmi", reference);
    const deleted = await told("Docker Event", {
      ...{ "docker.event.action": "delete", "docker.event.actor_id": id },
    });
    t.match(deleted.output_fields, { "docker.event.type": "image" });
  });

  await t.test("a container whose memory is used up", async (t) => {
    const limits = ["--memory=32m", "--memory-swap=32m"];
    const run = ["run", "--detach", "--network=none", "--name=hungry", ...limits];
    await docker(...run, images.busybox, "/bin/sleep", "600");
    const eat = "x=0123456789abcdef; while :; do x=$x$x; done";
    t.equal((await engine.docker("exec", "hungry", "/bin/sh", "-c", eat)).code, 137);
    await event("container", "oom", "hungry");
    const alert = await told("Container Out of Memory", { "container.name": "hungry" });
    t.match(alert, { source: "docker", priority: "Notice" });
    await docker("rm", "--force", "hungry");
  });

  await t.test("a plugin is enabled", async (t) => {
    await docker("plugin", "create", "idle:1", layPlugin(engine));
    await docker("plugin", "enable", "idle:1");
    await event("plugin", "enable", "idle:1");
    const alert = await told("Docker Plugin Enabled", { "docker.event.name": "idle:1" });
    t.match(alert, { source: "docker", priority: "Warning" });
    t.notOk("container" in alert.execwarden);
    await docker("plugin", "disable", "idle:1");
    await docker("plugin", "rm", "idle:1");
    await event("plugin", "remove", "idle:1");
  });
}
