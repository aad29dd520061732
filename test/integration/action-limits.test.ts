// When nothing is to be done, or not yet, or no more: limits, `never`, dry runs, and an engine that is away for a while.
// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import { startDaemon, type AlertLine, type DaemonOptions } from "../support/daemon.ts";
import { EngineProxy } from "../support/engine-proxy.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";
import { rulesOf } from "../support/word-rules.ts";

/** By the word that sets it off: what the policy of that name has beside its name and rule. */
const policies: Readonly<Record<string, string>> = {
  docool: "mode: enforce, actions: [{ unpause: container }], limits: { cooldown: 1h }",
  dorate: "mode: enforce, actions: [{ unpause: container }], limits: { max_actions_per_minute: 1 }",
  donever: "mode: enforce, actions: [{ pause: container }], never: [label:precious]",
  domonitor: "mode: monitor, actions: [deny, { kill: container }]",
  doretry: "mode: enforce, actions: [{ pause: container }]",
  dogone: "mode: enforce, actions: [{ stop: container }, { disconnect: networks }]",
  doprocess: "mode: enforce, actions: [{ kill: process }, { notify: [stdout] }]",
};

function policiesText(): string {
  const list = Object.entries(policies).map(
    ([word, rest]) => `  - { name: ${word}, rules: [${word}], ${rest} }\n`,
  );
  return `policies:\n${list.join("")}`;
}

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  const proxy = new EngineProxy(join(engine.directory, "proxy.sock"), engine.socketPath);
  await proxy.open();
  t.teardown(() => {
    proxy.close();
  });
  const options: DaemonOptions = {
    dockerHost: proxy.host,
    mode: "enforce",
    rules: rulesOf(Object.keys(policies)),
    policies: policiesText(),
  };
  const daemon = await startDaemon(options);
  t.teardown(() => daemon.stop());

  const box = async (name: string, ...flags: readonly string[]): Promise<void> => {
    const { code, stderr } = await engine.docker(
      ...["run", "--detach", "--network=none", `--name=${name}`, ...flags],
      ...[images.busybox, "/bin/sleep", "600"],
    );
    if (code !== 0) throw new Error(stderr);
  };
  const state = async (name: string): Promise<string> =>
    (await engine.docker("inspect", "--format={{.State.Status}}", name)).stdout.trim();
  /** The alert of an exec that ends with this word; `mark` tells it from others of the same rule. */
  const setOff = async (name: string, word: string, mark = name): Promise<AlertLine> => {
    void engine.docker("exec", name, "/bin/echo", mark, word);
    return daemon.alert(({ output }) => output.endsWith(` echo ${mark} ${word}`));
  };
  const retried = async (): Promise<void> => {
    const before = (await daemon.status()).actions.retries;
    while ((await daemon.status()).actions.retries === before) await delay(20);
  };

  await t.test("after it acted in a container a policy leaves that one alone", async (t) => {
    await box("cool");
    await box("other");
    const first = await setOff("cool", "docool");
    t.match(first.execwarden.outcomes, [{ action: "unpause", status: "done" }]);
    const second = await setOff("cool", "docool", "again");
    t.match(second.execwarden.outcomes, [{ status: "suppressed", detail: /cooldown/ }]);
    const elsewhere = await setOff("other", "docool");
    t.match(elsewhere.execwarden.outcomes, [{ status: "done" }], "not the others");
  });

  await t.test("a policy acts so often in a minute, over all containers", async (t) => {
    t.match((await setOff("cool", "dorate")).execwarden.outcomes, [{ status: "done" }]);
    t.match((await setOff("other", "dorate")).execwarden.outcomes, [
      { status: "suppressed", detail: /max_actions_per_minute/ },
    ]);
  });

  await t.test("what the policy says never to touch is told of, and not touched", async (t) => {
    await box("precious", "--label=precious");
    const alert = await setOff("precious", "donever");
    t.match(alert.execwarden.outcomes, [
      { action: "pause", status: "suppressed", detail: "the policy says never: label:precious" },
    ]);
    t.equal(await state("precious"), "running");
    await setOff("other", "donever");
    t.equal(await state("other"), "paused", "what it does not name is");
    await engine.docker("unpause", "other");
  });

  await t.test("a dry run, of one policy or of all, says what would have been done", async (t) => {
    const one = await setOff("cool", "domonitor");
    t.match(one.execwarden.outcomes, [
      { action: "deny", status: "would-do", detail: "the policy's mode is monitor" },
      { action: "kill-container", status: "would-do" },
    ]);
    daemon.rewrite({ ...options, mode: "monitor" });
    t.equal((await daemon.post("/v1/reload")).code, 200);
    const all = await setOff("cool", "doretry");
    t.match(all.execwarden.outcomes, [
      { status: "would-do", detail: "the daemon's mode is monitor: nothing is enforced" },
    ]);
    t.equal(await state("cool"), "running");
    daemon.rewrite(options);
    t.equal((await daemon.post("/v1/reload")).code, 200);
  });

  await t.test("one process is killed, and nothing else of its container", async (t) => {
    const waiting = ["/bin/sh", "-c", "read line", "sh", "doprocess"];
    const ended = engine.docker("exec", "--interactive", "cool", ...waiting);
    const alert = await daemon.alert(({ rule }) => rule === "doprocess");
    t.match(alert.execwarden.outcomes, [
      { action: "kill-process", status: "done" },
      { action: "notify", status: "done" },
    ]);
    t.equal((await ended).code, 137);
    t.equal(await state("cool"), "running");
  });

  await t.test("an engine that is away for a while is asked until it answers", async (t) => {
    await box("late");
    await setOff("late", "domonitor");
    proxy.close();
    const alert = setOff("late", "doretry");
    await retried();
    await proxy.open();
    t.match((await alert).execwarden.outcomes, [
      { action: "pause", status: "done", detail: /^at try \d+$/ },
    ]);
    t.equal(await state("late"), "paused");
    t.match((await daemon.status()).actions, { failed: 0 });
  });

  await t.test("a container that is gone meanwhile is no error", async (t) => {
    await box("brief", "--rm");
    await setOff("brief", "domonitor");
    proxy.close();
    const alert = setOff("brief", "dogone");
    await retried();
    await engine.docker("rm", "--force", "brief");
    // It goes by itself as well (--rm): whoever is second is told that it is under way.
    while ((await engine.docker("container", "inspect", "brief")).code === 0) await delay(50);
    await proxy.open();
    const { outcomes } = (await alert).execwarden;
    t.match(outcomes, [
      { action: "stop", status: "done", detail: /^already gone/ },
      { action: "disconnect", status: "done", detail: /^already gone/ },
    ]);
    t.match((await daemon.status()).actions, { failed: 0 });
    t.notOk(daemon.alerts.some(({ rule }) => rule === "Action of a Policy Failed"));
  });
}
