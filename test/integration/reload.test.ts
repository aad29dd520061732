// Reloads of a running daemon: one after the other, with wrong files, and from observe to deny and back.
// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from "node:timers/promises";
import t, { type Test } from "tap";
import { ballast } from "../support/ballast.ts";
import { startDaemon, type DaemonOptions, type TestDaemon } from "../support/daemon.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const everyTrue = `
- rule: Every True
  desc: every run of true in every container
  condition: evt.type in (execve, execveat) and container and proc.name = true
  output: "true (cmdline=%proc.cmdline)"
  priority: NOTICE
`;
function policy(mode: "monitor" | "enforce"): string {
  return `policies:
  - name: No true
    severity: high
    rules: [Every True]
    mode: ${mode}
    actions: [deny]
`;
}

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  const start = async (
    t: Test,
    options: Partial<DaemonOptions> = {},
  ): Promise<{ daemon: TestDaemon; options: DaemonOptions }> => {
    const all: DaemonOptions = {
      dockerHost: engine.host,
      mode: "enforce",
      rules: everyTrue + ballast,
      ...options,
    };
    const daemon = await startDaemon(all);
    t.teardown(() => daemon.stop());
    return { daemon, options: all };
  };
  /** A container that waits for commands. */
  const box = async (t: Test, name: string): Promise<void> => {
    await engine.docker(
      "run",
      "--detach",
      "--network=none",
      `--name=${name}`,
      images.busybox,
      "/bin/sleep",
      "600",
    );
    t.teardown(() => engine.docker("rm", "--force", name));
  };
  const exec = async (name: string, ...command: readonly string[]): Promise<number> =>
    (await engine.docker("exec", name, ...command)).code;

  await t.test(
    "observed, then denied, then observed again: from the answer of the reload on",
    async (t) => {
      const { daemon, options } = await start(t, { policies: policy("monitor") });
      await box(t, "mover");
      for (const [mode, code] of [
        ["enforce", 1],
        ["monitor", 0],
        ["enforce", 1],
      ] as const) {
        daemon.rewrite({ ...options, policies: policy(mode) });
        t.equal((await daemon.post("/v1/reload")).code, 200);
        const script = `/bin/true ${mode} || exit 1`;
        t.equal(await exec("mover", "/bin/sh", "-c", script), code, `${mode}: the very next exec`);
        const { superblocks } = (await daemon.status()).gate;
        const gateMode = mode === "enforce" ? "enforce" : "observe";
        await t.resolveMatch(
          heldMode(daemon, "mover", gateMode),
          gateMode,
          JSON.stringify(superblocks),
        );
      }
      const alert = await daemon.alert(({ output }) => output.includes("true monitor"));
      t.match(alert.execwarden, { verdict: "allow", held: false });
      const denied = await daemon.alert(({ output }) => output.includes("true enforce"));
      t.match(denied.execwarden, { verdict: "deny", held: true });
    },
  );

  await t.test("wrong files keep the generation, whole, and every fault is told", async (t) => {
    const { daemon, options } = await start(t, { policies: policy("enforce") });
    await box(t, "faulty");
    t.not(await exec("faulty", "/bin/true"), 0);
    daemon.rewrite({
      ...options,
      rules: `${everyTrue}- rule: Wrong\n  condition: proc.nmae = x\n  output: o\n  desc: d\n  priority: INFO\n`,
      policies: policy("monitor").replace("high", "highest"),
    });
    const { code, stdout, stderr } = await daemon.run("reload");
    t.equal(code, 1);
    t.equal(stdout, "");
    t.match(stderr, /rules\.yaml:8:14/);
    t.match(stderr, /proc\.nmae/);
    t.match(stderr, /policies\.yaml:\d+:\d+/, "the faults of all files at once");
    t.match(stderr, /generation 1 stays in force/);
    t.match((await daemon.logged("fault in a file"))["at"], /rules\.yaml:8:14$/);
    t.match(await daemon.status(), {
      generation: { number: 1 },
      lastReload: { result: "refused", generation: 1 },
    });
    t.not(await exec("faulty", "/bin/true"), 0, "what was denied is denied");
    const asJson = await daemon.run("reload", "--json");
    t.equal(asJson.code, 1);
    t.match(JSON.parse(asJson.stdout), { result: "refused", generation: 1 });
    daemon.rewrite({ ...options, policies: policy("monitor") });
    t.match(await daemon.run("reload"), { code: 0, stdout: "generation 2 is in force\n" });
    t.equal(await exec("faulty", "/bin/true"), 0);
  });

  await t.test(
    "SIGHUP reloads, settings change with it, and what takes a restart is named",
    async (t) => {
      const { daemon, options } = await start(t);
      daemon.rewrite({
        ...options,
        mode: "monitor",
        gate: "2s",
        onDeadline: "deny",
        dockerHost: "unix:///run/other.sock",
      });
      daemon.signal("SIGHUP");
      t.match(await daemon.logged("reloaded"), {
        by: "SIGHUP",
        generation: 2,
        changed: "gate.deadline, gate.on_deadline, mode",
      });
      t.match(await daemon.status(), {
        mode: "monitor",
        gate: { deadlineMs: 2000, onDeadline: "deny" },
        engine: { address: engine.host },
        lastReload: { needsRestart: ["docker.host"] },
      });
      const { stdout } = await daemon.run("status");
      t.match(stdout, /^generation +2, .*takes a restart: docker\.host$/m);
    },
  );

  await t.test("a reload changes which rules are in force, and what outputs say", async (t) => {
    const { daemon, options } = await start(t, { config: { rules: [{ disable: { tag: "x" } }] } });
    await box(t, "chooser");
    t.match(await daemon.status(), { rules: { enabled: 152 } }, "no rule has that tag");
    await exec("chooser", "/bin/true", "first");
    await daemon.alert(({ output }) => output.includes("true first"));
    const config = {
      rules: [{ disable: { rule: "*" } }, { enable: { rule: "Every*" } }],
      append_output: [{ match: { rule: "Every True" }, extra_output: "of %container.name" }],
    };
    daemon.rewrite({ ...options, config });
    t.match(await daemon.post("/v1/reload"), {
      code: 200,
      answer: { result: "done", changed: ["append_output", "rules"], needsRestart: [] },
    });
    t.match(await daemon.status(), { rules: { loaded: 152, enabled: 1 } });
    await exec("chooser", "/bin/true", "second");
    const told = await daemon.alert(({ output }) => output.includes("true second"));
    t.match(told.output, / of chooser$/);
    daemon.rewrite({ ...options, config: { priority: "warning" } });
    t.match(await daemon.post("/v1/reload"), { code: 200 });
    await exec("chooser", "/bin/true", "third");
    daemon.rewrite(options);
    t.match(await daemon.post("/v1/reload"), { code: 200 });
    await exec("chooser", "/bin/true", "fourth");
    await daemon.alert(({ output }) => output.includes("true fourth"));
    t.notOk(daemon.alerts.some(({ output }) => output.includes("true third")));
  });

  await t.test("files that are watched are read again by themselves", async (t) => {
    const config = { watch: true };
    const { daemon, options } = await start(t, { config, policies: policy("enforce") });
    await box(t, "watched");
    t.not(await exec("watched", "/bin/true"), 0);
    daemon.rewrite({ ...options, policies: policy("monitor").replace("high", "highest") });
    await daemon.logged(
      "cannot reload: the generation before stays in force; mend the files and reload",
      ({ by }) => by === "a file changed",
    );
    t.not(await exec("watched", "/bin/true"), 0, "what was denied is denied");
    daemon.rewrite({ ...options, policies: policy("monitor") });
    t.match(await daemon.logged("reloaded"), { by: "a file changed", generation: 2 });
    t.equal(await exec("watched", "/bin/true"), 0);
  });

  await t.test("requests at the same time are served one after the other", async (t) => {
    const { daemon } = await start(t);
    // All are there before the first is served.
    daemon.signal("SIGSTOP");
    const asked = Array.from({ length: 8 }, () => daemon.post("/v1/reload"));
    await delay(1_000);
    daemon.signal("SIGCONT");
    const answers = await Promise.all(asked);
    const numbers = answers.map(({ answer }) => (answer as { generation: number }).generation);
    t.strictSame(new Set(numbers), new Set([2, 3]), "those who waited share one");
    t.equal((await daemon.status()).generation.number, 3);
  });
}

/** The mode of a container's superblock, once it is the one that is waited for. */
async function heldMode(daemon: TestDaemon, name: string, wanted: string): Promise<string> {
  for (;;) {
    const { superblocks } = (await daemon.status()).gate;
    const found = superblocks.find(({ containers }) => containers.includes(name));
    if (found?.mode === wanted) return found.mode;
    await delay(50);
  }
}
