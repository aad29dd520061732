// Policies on what the engine tells: the shipped rules, and every action on a container whose event matched.
// SPDX-License-Identifier: Apache-2.0
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { startDaemon, type AlertLine } from "../support/daemon.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";
import { policiesOf } from "../support/word-rules.ts";

const shipped = fileURLToPath(new URL("../../rules/docker-events.yaml", import.meta.url));
const lookAlike = "Container Named Like Another";
const protectedExec = "Exec Created in Protected Container";

/** By the name that a container is given: the actions, and what becomes of the container. */
const actionsOf: Readonly<Record<string, readonly [actions: string, state: string]>> = {
  dopause: ["[{ pause: container }]", "paused"],
  dounpause: ["[{ pause: container }, { unpause: container }]", "running"],
  dostop: ["[{ stop: { grace: 0s } }]", "exited"],
  dokill: ["[{ kill: container }]", "exited"],
  dorestart: ["[{ restart: { grace: 0s } }]", "running"],
  dodisconnect: ["[{ disconnect: networks }]", "running"],
};

/** A rule for the rename to each of the words. */
const renameRules = (words: readonly string[]): string =>
  words
    .map(
      (word) => `
- rule: ${word}
  desc: sets off an action
  source: docker
  condition: docker.event.action = rename and docker.event.name = ${word}
  output: renamed to %docker.event.name
  priority: NOTICE
`,
    )
    .join("");

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  const network = `execwarden-events-${process.pid}`;
  const created = await engine.docker("network", "create", "--subnet=10.231.78.0/24", network);
  if (created.code !== 0) throw new Error(created.stderr);
  t.teardown(() => engine.docker("network", "rm", network));

  const heard = join(engine.directory, "heard.json");
  const hook = join(engine.directory, "hook.sh");
  chmodSync(engine.directory, 0o711);
  writeFileSync(heard, "");
  chmodSync(heard, 0o666);
  writeFileSync(hook, `#!/bin/sh\ncat >"$1"\n`);
  chmodSync(hook, 0o755);
  const others = {
    dohook: `[{ notify: [stdout] }, { hook: { program: [${hook}, ${heard}] } }]`,
    donothing: "[deny, { kill: process }, { kill: process-tree }]",
  };
  const words = [...Object.keys(actionsOf), ...Object.keys(others)];
  const simple = Object.fromEntries(
    Object.entries(actionsOf).map(([word, [actions]]) => [word, actions]),
  );
  const daemon = await startDaemon({
    dockerHost: engine.host,
    mode: "enforce",
    rules: readFileSync(shipped, "utf8") + renameRules(words),
    policies: policiesOf({
      ...{ ...simple, ...others },
      [lookAlike]: "[{ pause: container }]",
      [protectedExec]: "[{ kill: container }]",
    }),
  });
  t.teardown(() => daemon.stop());

  const start = async (name: string, ...flags: readonly string[]): Promise<void> => {
    const place = flags.length === 0 ? ["--network=none"] : flags;
    const argv = [images.busybox, "/bin/sleep", "600"];
    const run = ["run", "--detach", `--name=${name}`, ...place, ...argv];
    const { code, stderr } = await engine.docker(...run);
    if (code !== 0) throw new Error(stderr);
  };
  const inspect = async (name: string, format: string): Promise<string> =>
    (await engine.docker("inspect", `--format=${format}`, name)).stdout.trim();
  const state = (name: string): Promise<string> => inspect(name, "{{.State.Status}}");
  const rename = async (word: string, ...flags: readonly string[]): Promise<AlertLine> => {
    await start(`before-${word}`, ...flags);
    await engine.docker("rename", `before-${word}`, word);
    return daemon.alert(({ rule }) => rule === word);
  };

  for (const [word, [, after]] of Object.entries(actionsOf)) {
    await t.test(`${word}: a container that was renamed`, async (t) => {
      const flags = word === "dodisconnect" ? ["--network", network] : [];
      const { source, execwarden } = await rename(word, ...flags);
      t.equal(source, "docker");
      const statuses = new Set(execwarden.outcomes.map(({ status }) => status));
      t.strictSame(statuses, new Set(["done"]), JSON.stringify(execwarden.outcomes));
      if (word === "dokill") await engine.docker("wait", word);
      t.equal(await state(word), after);
      if (word !== "dodisconnect") return;
      t.equal(await inspect(word, "{{len .NetworkSettings.Networks}}"), "0");
    });
  }

  await t.test("a hook hears the event", async (t) => {
    const alert = await rename("dohook");
    t.match(alert.execwarden.outcomes, [
      { action: "notify", status: "done" },
      { action: "hook", status: "done", exit_code: 0 },
    ]);
    t.match(JSON.parse(readFileSync(heard, "utf8")), {
      ...{ uuid: alert.uuid, source: "docker" },
      execwarden: {
        docker_event: { type: "container", action: "rename", old_name: "before-dohook" },
        container: { name: "dohook" },
      },
    });
  });

  await t.test("what an event has no process for is not possible, and says so", async (t) => {
    const { execwarden } = await rename("donothing");
    t.strictSame(
      execwarden.outcomes.map(({ status }) => status),
      ["not-possible", "not-possible", "not-possible"],
    );
    t.ok(execwarden.outcomes.every(({ detail = "" }) => detail !== ""));
    t.equal(await state("donothing"), "running");
  });

  await t.test("a container renamed to look like another is paused (shipped rule)", async (t) => {
    await start("shop-web");
    await start("harmless");
    await engine.docker("rename", "harmless", "shop_web");
    const alert = await daemon.alert(({ rule }) => rule === lookAlike);
    t.match(alert.output, /name=shop_web like=shop-web was=harmless/);
    t.match(alert.execwarden.outcomes, [{ action: "pause", status: "done" }]);
    t.equal(await state("shop_web"), "paused");
    t.equal(await state("shop-web"), "running", "the real one goes on");
  });

  await t.test(
    "an exec in a protected container ends it (shipped rule), its health check does not",
    async (t) => {
      const health = ["--health-cmd=/bin/true", "--health-interval=1s"];
      const flags = ["--network=none", "--label=execwarden.protect=true", ...health];
      await start("vault", ...flags);
      const healthOf = (): Promise<string> => inspect("vault", "{{.State.Health.Status}}");
      while ((await healthOf()) !== "healthy") continue;
      t.notOk(daemon.alerts.some(({ rule }) => rule === protectedExec));
      await engine.docker("exec", "vault", "/bin/sh", "-c", "cat /etc/passwd; sleep 60");
      const alert = await daemon.alert(({ rule }) => rule === protectedExec);
      t.match(alert.output, /command=\/bin\/sh -c cat \/etc\/passwd; sleep 60/);
      t.match(alert.execwarden.outcomes, [{ action: "kill-container", status: "done" }]);
      await engine.docker("wait", "vault");
      t.equal(await state("vault"), "exited");
    },
  );
}
