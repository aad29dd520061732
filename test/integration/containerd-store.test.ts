// Images that are kept with containerd, as engine 29 does by default: an image's id is its manifest's digest, its layers
// are snapshots that only the mount table tells, and roots are mounted elsewhere.
// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from "node:timers/promises";
import t, { type Test } from "tap";
import { startContainerdStore, type ContainerdStore } from "../support/containerd-store.ts";
import { startDaemon, type DaemonOptions, type TestDaemon } from "../support/daemon.ts";
import { openDoor } from "../support/door.ts";
import { requireEngine, type CommandResult, type TestEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const rules = `
- rule: Curl by Its Bytes
  desc: curl of the image, wherever it lies
  condition: evt.type in (execve, execveat) and container and basename(proc.image_path) = curl
  output: curl (exepath=%proc.exepath image_path=%proc.image_path image=%container.image.repository)
  priority: NOTICE
- rule: Container from Unlisted Image
  desc: at the door
  condition: evt.type = docker_request and docker.action = container.create and not allowed_images
  output: container from %docker.image
  priority: WARNING
  source: docker
`;
const noCurl = `
policies:
  - { name: No curl, rules: [Run Web Fetch Program in Container], mode: enforce, actions: [deny] }
`;
const policies = `${noCurl}  - { name: No copy, rules: [Curl by Its Bytes], mode: enforce, actions: [deny] }
  - { name: Listed only, rules: [Container from Unlisted Image], mode: enforce, actions: [deny] }
`;
const startsMax = 600;
const isDenied = ({ stderr }: CommandResult): boolean => /operation not permitted/i.test(stderr);

/** What is on both lists: the images that may run curl, and those that may be run at all. */
function allowlist(...names: readonly string[]): string {
  const entries = JSON.stringify(names);
  return `allowlists:\n  web_fetch: { images: ${entries} }\n  images: { images: ${entries} }\n`;
}

async function start(
  t: Test,
  engine: TestEngine,
  options: Pick<DaemonOptions, "policies" | "allowlist">,
): Promise<TestDaemon> {
  const daemon = await startDaemon({ dockerHost: engine.host, mode: "enforce", rules, ...options });
  t.teardown(() => daemon.stop());
  return daemon;
}

async function idOf(engine: TestEngine, image: string): Promise<string> {
  return (await engine.docker("image", "inspect", "--format={{.Id}}", image)).stdout.trim();
}

async function tryExecs(t: Test, engine: TestEngine): Promise<void> {
  const run = (...args: readonly string[]): Promise<CommandResult> =>
    engine.docker("run", "--rm", "--network=none", ...args);

  await t.test("roots are marked before the first exec, and named whole", async (t) => {
    const daemon = await start(t, engine, { policies, allowlist: allowlist("no/body") });
    const runs = await Promise.all(Array.from({ length: 16 }, () => run(images.curl, "--version")));
    t.equal(runs.filter(isDenied).length, 16, "no entry point comes through");
    const id = await idOf(engine, images.curl);
    const alert = await daemon.alert(({ execwarden }) => execwarden.verdict === "deny");
    t.match(alert.execwarden.container?.image, {
      ...{ id, digest: id, tag: "latest", repository: images.curl },
    });
    t.match((await daemon.status()).gate.counters, { containerUnknown: 0, deadlinesMissed: 0 });
  });

  await t.test("what an image ships is listed from its snapshots", async (t) => {
    const words = ["/bin/sh", "-c", "cp /usr/bin/curl /tmp/kept; rm /usr/bin/curl; exec sleep 600"];
    const detached = ["run", "--detach", "--network=none", "--name=first", "--entrypoint="];
    await engine.docker(...detached, images.curl, ...words);
    const daemon = await start(t, engine, { policies, allowlist: allowlist("no/body") });
    for (let tries = 0; tries < startsMax; tries++) {
      const told = (await daemon.status()).images;
      if (told !== undefined && told.files > 0 && told.waiting === 0) break;
      await delay(50);
    }
    t.match((await daemon.status()).images, { listed: 1, fromContainers: 0, failed: 0 });
    t.ok(isDenied(await engine.docker("exec", "first", "/tmp/kept", "--version")));
    const alert = await daemon.alert(({ rule }) => rule === "Curl by Its Bytes");
    t.match(alert.output, /exepath=\/tmp\/kept image_path=\/usr\/bin\/curl/);
    await engine.docker("rm", "--force", "first");
  });

  const id = await idOf(engine, images.curl);
  for (const name of [id, `${images.curl}@${id}`]) {
    await t.test(`an allowlist names it: ${name}`, async (t) => {
      await start(t, engine, { policies: noCurl, allowlist: allowlist(name) });
      // Whatever the container was started by.
      for (const reference of [images.curl, id.slice("sha256:".length, 20)]) {
        const { code, stderr } = await run(reference, "--version");
        t.equal(code, 0, stderr);
      }
    });
  }
}

async function tryDoor(
  t: Test,
  { engine, setPlugins }: Exclude<ContainerdStore, { missing: string }>,
): Promise<void> {
  const door = await openDoor();
  await engine.docker("tag", images.busybox, "byrnedo/alpine-curl:evil");
  const daemon = await startDaemon({
    ...{ dockerHost: engine.host, mode: "enforce", rules, policies },
    allowlist: allowlist(images.curl),
    config: { plugin: { socket: door.socket, on_failure: "deny", deadline: "10s" } },
  });
  // Not before the engine: it would wait for its plugin.
  t.teardown(async () => {
    await engine.stop();
    await daemon.stop();
    await door.stop();
  });
  setPlugins(door.name);
  await engine.restart();
  const create = (reference: string): Promise<CommandResult> =>
    engine.docker("create", "--network=none", "--entrypoint=/bin/true", reference);
  const [curl, busybox] = await Promise.all([
    idOf(engine, images.curl),
    idOf(engine, images.busybox),
  ]);
  for (const reference of [images.curl, curl, `${images.curl}@${curl}`]) {
    const { code, stderr } = await create(reference);
    t.equal(code, 0, `${reference}: ${stderr}`);
  }
  // Each of these names has the image's own digest, which nobody has pulled.
  const named = ["byrnedo/alpine-curl:evil", `byrnedo/alpine-curl@${busybox}`];
  for (const reference of [images.busybox, busybox, ...named]) {
    const { stderr } = await create(reference);
    t.match(stderr, /refused by the policy .?"Listed only/, reference);
  }
}

if (requireEngine(t)) {
  t.setTimeout(300_000);
  await t.test("images kept with containerd", async (t) => {
    const store = await startContainerdStore();
    if ("missing" in store) {
      t.plan(0, store.missing);
      return;
    }
    t.teardown(() => store.engine.stop());
    await buildImages(store.engine);
    await tryExecs(t, store.engine);
    await t.test("at the door a name that was put on an image does not count", (t) =>
      tryDoor(t, store),
    );
  });
}
