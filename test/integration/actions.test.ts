// Every action on a real container of a real engine, and the way back.
// SPDX-License-Identifier: Apache-2.0
import { execFile } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import t from "tap";
import { startDaemon, type AlertLine } from "../support/daemon.ts";
import { daemonProgram } from "../support/daemon-program.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";
import { policiesOf, rulesOf } from "../support/word-rules.ts";

const execute = promisify(execFile);

/** By the word that sets it off: the policy's actions. */
const actionsOf: Readonly<Record<string, string>> = {
  dopause: "[{ pause: container }]",
  dostop: "[{ stop: { grace: 1s } }]",
  dokill: "[{ kill: { target: container, signal: INT } }]",
  dorestart: "[{ restart: { grace: 0s } }]",
  dotree: "[{ kill: process-tree }]",
  dounpause: "[{ pause: container }, { unpause: container }]",
  dodisconnect: "[{ disconnect: networks }]",
};

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  const network = `execwarden-test-${process.pid}`;
  const created = await engine.docker("network", "create", "--subnet=10.231.77.0/24", network);
  if (created.code !== 0) throw new Error(created.stderr);
  t.teardown(() => engine.docker("network", "rm", network));

  const heard = join(engine.directory, "heard.json");
  const hook = join(engine.directory, "hook.sh");
  chmodSync(engine.directory, 0o711);
  writeFileSync(heard, "");
  chmodSync(heard, 0o666);
  writeFileSync(hook, `#!/bin/sh\ncat >"$1"\necho "as $(id -u)" >&2\nexit "$2"\n`);
  chmodSync(hook, 0o755);
  const hooks = {
    dohook: `[{ pause: container }, { hook: { program: [${hook}, ${heard}, "0"] } }]`,
    dofail: `[{ hook: { program: [${hook}, /dev/null, "7"], user: 1234 } }]`,
  };
  const all = { ...actionsOf, ...hooks };
  const daemon = await startDaemon({
    dockerHost: engine.host,
    mode: "enforce",
    rules: rulesOf(Object.keys(all)),
    policies: policiesOf(all),
  });
  t.teardown(() => daemon.stop());

  const start = async (name: string, ...options: readonly string[]): Promise<void> => {
    const script = "trap 'exit 0' INT; echo ready; while :; do /bin/sleep 1; done";
    const argv = [images.busybox, "/bin/sh", "-c", script];
    const place = options.length === 0 ? ["--network=none"] : options;
    const run = ["run", "--detach", `--name=${name}`, ...place, ...argv];
    const { code, stderr } = await engine.docker(...run);
    if (code !== 0) throw new Error(stderr);
    // A signal that came before its trap would be lost: the first process of a container ignores it.
    while (!(await engine.docker("logs", name)).stdout.includes("ready")) await delay(50);
  };
  const inspect = async (name: string, format: string): Promise<string> =>
    (await engine.docker("inspect", `--format=${format}`, name)).stdout.trim();
  const state = (name: string): Promise<string> => inspect(name, "{{.State.Status}}");
  const setOff = async (word: string): Promise<AlertLine> => {
    void engine.docker("exec", word, "/bin/echo", word);
    return daemon.alert(({ rule }) => rule === word);
  };
  const undo = async (uuid: string, ...options: readonly string[]): Promise<string> => {
    const argv = ["undo", uuid, "--socket", daemon.socket, ...options];
    const { stdout } = await execute(process.execPath, [daemonProgram, ...argv]);
    return stdout;
  };

  await t.test("pause, and undo", async (t) => {
    await start("dopause");
    const alert = await setOff("dopause");
    t.match(alert.execwarden.outcomes, [{ action: "pause", status: "done", undoable: true }]);
    t.equal(await state("dopause"), "paused");
    t.match(await undo(alert.uuid), /^dopause in dopause \(.*\)\n {2}pause +undone\n$/);
    t.equal(await state("dopause"), "running");
    t.match(JSON.parse(await undo(alert.uuid, "--json")), {
      rule: "dopause",
      actions: [{ action: "pause", status: "unchanged" }],
    });
    await t.rejects(undo("00000000-0000-4000-8000-000000000000"), { code: 4 });
  });

  await t.test("disconnect, and undo with aliases and address", async (t) => {
    const options = ["--network", network, "--ip=10.231.77.9", "--network-alias=shop"];
    await start("dodisconnect", ...options);
    const alert = await setOff("dodisconnect");
    t.match(alert.execwarden.outcomes, [{ action: "disconnect", status: "done", detail: network }]);
    const endpoint = `{{with index .NetworkSettings.Networks "${network}"}}{{.IPAddress}} {{.Aliases}}{{end}}`;
    t.equal(await inspect("dodisconnect", endpoint), "");
    t.match(await undo(alert.uuid), new RegExp(`disconnect +undone: ${network}`));
    t.match(await inspect("dodisconnect", endpoint), /^10\.231\.77\.9 \[.*shop.*\]$/);
  });

  for (const [word, outcomes, after] of [
    ["dostop", [{ action: "stop", status: "done", grace_ms: 1000 }], "exited"],
    ["dokill", [{ action: "kill-container", status: "done", signal: "SIGINT" }], "exited"],
    ["dorestart", [{ action: "restart", status: "done" }], "running"],
    ["dounpause", [{ action: "pause" }, { action: "unpause", status: "done" }], "running"],
  ] as const) {
    await t.test(word, async (t) => {
      await start(word);
      const startedAt = await inspect(word, "{{.State.StartedAt}}");
      const alert = await setOff(word);
      t.match(alert.execwarden.outcomes, outcomes);
      // docker kill answers when the signal is sent.
      if (word === "dokill") await engine.docker("wait", word);
      t.equal(await state(word), after);
      if (word === "dorestart") t.not(await inspect(word, "{{.State.StartedAt}}"), startedAt);
      if (word === "dostop")
        t.match(await undo(alert.uuid), /CANNOT BE UNDONE: .*docker start dostop/);
    });
  }

  await t.test("kill a process tree, and leave its container alone", async (t) => {
    await start("dotree");
    const script = "/bin/sleep 600 & /bin/sleep 600 & wait";
    const ended = await engine.docker("exec", "dotree", "/bin/sh", "-c", script, "dotree");
    t.equal(ended.code, 137);
    const alert = await daemon.alert(({ rule }) => rule === "dotree");
    t.match(alert.execwarden.outcomes, [{ action: "kill-process-tree", status: "done" }]);
    t.equal(await state("dotree"), "running");
  });

  await t.test("a hook hears the alert, with what was done before it", async (t) => {
    await start("dohook");
    const alert = await setOff("dohook");
    t.match(alert.execwarden.outcomes, [
      { action: "pause", status: "done" },
      { action: "hook", status: "done", exit_code: 0, stderr: "as 65534\n" },
    ]);
    t.match(JSON.parse(readFileSync(heard, "utf8")), {
      uuid: alert.uuid,
      rule: "dohook",
      execwarden: {
        outcomes: [{ action: "pause", status: "done" }],
        container: { name: "dohook" },
      },
    });
  });

  await t.test("an action that failed is an alert of its own", async (t) => {
    await start("dofail");
    const alert = await setOff("dofail");
    t.match(alert.execwarden.outcomes, [{ status: "failed", exit_code: 7, stderr: "as 1234\n" }]);
    const failure = await daemon.alert(({ rule }) => rule === "Action of a Policy Failed");
    t.equal(failure.priority, "Error");
    t.match(failure.output_fields, { "execwarden.alert": alert.uuid, "execwarden.rule": "dofail" });
    t.match(failure.execwarden, { outcomes: [], container: { name: "dofail" } });
    t.match((await daemon.status()).actions, { failed: 1, running: 0, waiting: 0 });
  });

  await t.test("nothing is left", async (t) => {
    const { stdout } = await engine.docker("ps", "--all", "--quiet");
    await engine.docker("rm", "--force", ...stdout.trim().split("\n"));
    t.equal((await engine.docker("ps", "--all", "--quiet")).stdout, "");
  });
}
