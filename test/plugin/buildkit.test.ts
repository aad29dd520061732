// What BuildKit asks of the engine's API, at the door.
// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { buildkitOf } from "../support/buildkit.ts";
import { startDaemon, type DaemonOptions } from "../support/daemon.ts";
import { openDoor } from "../support/door.ts";
import { requireEngine, startEngine, type CommandResult } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const shipped = readFileSync(new URL("../../rules/docker.yaml", import.meta.url), "utf8");
// Where the engine's own builder is refused, buildx fetches one to run in a container.
const rules = `${shipped}
- rule: Pull
  desc: any pull
  condition: evt.type = docker_request and docker.action = image.pull
  output: pull of %docker.image
  priority: NOTICE
  source: docker
`;
const allowlist = `
allowlists:
  images: { images: [byrnedo/alpine-curl] }
`;
const listedOnly = `
policies:
  - { name: Listed only, rules: [Create Container from Unlisted Image, Ambiguous Docker Request],
      mode: enforce, actions: [deny] }
`;
const noBuilds = `${listedOnly}
  - { name: No builds, rules: [Bring Image In by Other Ways, Pull], mode: enforce, actions: [deny] }
`;

if (requireEngine(t)) {
  t.setTimeout(300_000);
  await t.test("builds by BuildKit at the door", async (t) => {
    const door = await openDoor();
    const scratch = mkdtempSync(join(tmpdir(), "door-"));
    const config = join(scratch, "daemon.json");
    writeFileSync(config, "{}");
    writeFileSync(join(scratch, "Dockerfile"), `FROM ${images.busybox}\nRUN /bin/true\n`);
    const engine = await startEngine({ flags: [`--config-file=${config}`] });
    t.teardown(async () => {
      await engine.stop();
      await door.stop();
      rmSync(scratch, { recursive: true, force: true });
    });
    const { missing, build } = await buildkitOf(engine);
    if (missing !== undefined) {
      t.plan(0, missing);
      return;
    }
    await buildImages(engine);
    const options: DaemonOptions = {
      ...{ dockerHost: engine.host, mode: "enforce", rules, allowlist, policies: listedOnly },
      config: { plugin: { socket: door.socket, on_failure: "deny", deadline: "10s" } },
    };
    const daemon = await startDaemon(options);
    // Not before the engine: it would wait for its plugin.
    t.teardown(async () => {
      await engine.stop();
      await daemon.stop();
    });
    writeFileSync(config, JSON.stringify({ "authorization-plugins": [door.name] }));
    await engine.restart();
    const tryBuild = (tag: string): Promise<CommandResult> =>
      build("--no-cache", `--tag=${tag}`, scratch);

    await t.test("they are let through, and told of", async (t) => {
      const { code, stderr } = await tryBuild("byrnedo/built:1");
      t.equal(code, 0, stderr);
      const alert = await daemon.alert(({ rule }) => rule === "Bring Image In by Other Ways");
      t.match(alert, {
        source: "docker",
        execwarden: {
          verdict: "allow",
          docker_request: { action: /^(session\.open|session\.grpc|image\.build)$/ },
        },
      });
      const made = await engine.docker("create", "byrnedo/built:1", "/bin/true");
      t.match(made.stderr, /refused by the policy .?"Listed only/, "what was built is not listed");
    });

    await t.test("a policy refuses them", async (t) => {
      daemon.rewrite({ ...options, policies: noBuilds });
      const reloaded = await daemon.run("reload");
      t.equal(reloaded.code, 0, reloaded.stderr);
      const { code, stderr } = await tryBuild("byrnedo/built:2");
      t.not(code, 0);
      t.match(stderr, /refused by the policy .?"No builds/);
    });
  });
}
