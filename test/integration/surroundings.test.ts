// Bad surroundings: each is said in one clear line, and the daemon guards with what it has.
// SPDX-License-Identifier: Apache-2.0
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { daemonProgram } from "../support/daemon-program.ts";
import { startDaemon, type DaemonOptions, type TestDaemon } from "../support/daemon.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const rules = `
- rule: Every True
  desc: every run of true in every container
  condition: evt.type in (execve, execveat) and container and proc.name = true
  output: "true (cmdline=%proc.cmdline name=%container.name image=%container.image.repository)"
  priority: NOTICE
`;

function temporary(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), "execwarden-surroundings-"));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  const start = async (t: Test, options: Partial<DaemonOptions> = {}): Promise<TestDaemon> => {
    const daemon = await startDaemon({ dockerHost: engine.host, rules, ...options });
    t.teardown(() => daemon.stop());
    return daemon;
  };
  const runTrue = async (name: string, word: string): Promise<number> =>
    (await engine.docker("exec", name, "/bin/true", word)).code;
  const box = async (t: Test, name: string, ...flags: readonly string[]): Promise<void> => {
    const script = `/bin/true entrypoint of ${name}; exec /bin/sleep 600`;
    const command = [images.busybox, "/bin/sh", "-c", script];
    await engine.docker(
      ...["run", "--detach", "--network=none", `--name=${name}`],
      ...[...flags, ...command],
    );
    t.teardown(() => engine.docker("rm", "--force", name));
  };
  const connected = async (daemon: TestDaemon, wanted: boolean): Promise<void> => {
    for (;;) {
      if ((await daemon.status()).engine.isConnected === wanted) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  await t.test(
    "no engine at the start, one that comes, one that goes and comes back",
    async (t) => {
      await box(t, "always", "--restart=always");
      await engine.halt();
      const daemon = await start(t);
      t.match(
        daemon.log().match(/"message":"no container engine[^"]*"/g),
        ['"message":"no container engine: trying until it is there"'],
        "said in one line",
      );
      t.match(await daemon.status(), { engine: { isConnected: false } });
      const boot = async (known: readonly string[]): Promise<string> => {
        await engine.start();
        // It runs before the engine's API is up: the alert waits for the engine's word.
        const alert = await daemon.alert(
          ({ output, uuid }) => output.includes("entrypoint of always") && !known.includes(uuid),
        );
        t.match(alert.output, /name=always image=\S*busybox/, "no alert lacks name and image");
        await connected(daemon, true);
        return alert.uuid;
      };
      const first = await boot([]);
      await runTrue("always", "in between");
      await daemon.alert(({ output }) => output.includes("true in between"));
      await engine.halt();
      await connected(daemon, false);
      await boot([first]);
      await runTrue("always", "after all");
      t.match(await daemon.alert(({ output }) => output.includes("true after all")), {
        execwarden: { container: { name: "always" } },
      });
      t.match(await daemon.status(), { gate: { counters: { lost: 0, alertsLost: 0 } } });
    },
  );

  await t.test("an engine that takes connections and does not answer holds no start", async (t) => {
    const directory = temporary(t);
    const path = join(directory, "docker.sock");
    const silent = createServer(() => undefined);
    silent.listen(path);
    await once(silent, "listening");
    t.teardown(() => silent.close());
    const daemon = await start(t, { dockerHost: `unix://${path}` });
    const lines = daemon.log();
    const warning = "the container engine does not answer yet: guarding without it until it does";
    t.ok(lines.includes(warning), lines);
    t.ok(lines.indexOf(warning) < lines.indexOf('"message":"guarding"'));
    t.match(await daemon.status(), { gate: { isRunning: true }, engine: { isConnected: false } });
  });

  await t.test("a control socket that a crash left over is replaced", async (t) => {
    const socket = join(temporary(t), "control.sock");
    const listen = `require("net").createServer().listen(process.argv[1], () => console.log())`;
    const crashed = spawn(process.execPath, ["-e", listen, socket], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(crashed.stdout, "data");
    crashed.kill("SIGKILL");
    await once(crashed, "exit");
    t.ok(existsSync(socket), "it is there, and nobody answers on it");
    const daemon = await start(t, { config: { control: { socket } } });
    t.match(await daemon.logged("control socket is open"), { socket });
    const second = spawnSync(process.execPath, [daemonProgram, "status", "--socket", socket], {
      encoding: "utf8",
    });
    t.equal(second.status, 0, second.stderr);
  });

  await t.test("few descriptors are said, and what there are guard", async (t) => {
    // More than the modules of the program: Node may have all of them open at once while it loads them.
    const daemon = await start(t, { runBy: ["prlimit", "--nofile=768:768"] });
    t.match(
      await daemon.logged(
        "few descriptors: execs that find none left are refused by the kernel; raise LimitNOFILE",
      ),
      { limit: 768 },
    );
    await box(t, "few");
    t.equal(await runTrue("few", "descriptors"), 0);
    await daemon.alert(({ output }) => output.includes("true descriptors"));
    t.match(await daemon.status(), { gate: { counters: { readErrors: 0, lost: 0 } } });
  });

  await t.test("without root it says what it needs, and ends with 1", (t) => {
    const directory = temporary(t);
    const config = join(directory, "execwarden.yaml");
    const files = { rules_files: [], policies_files: [], witness: { mode: "off" } };
    const control = { socket: join(directory, "control.sock") };
    writeFileSync(config, JSON.stringify({ ...files, control }));
    chmodSync(directory, 0o755);
    const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    if (spawnSync("setpriv", [...nobody, "test", "-r", daemonProgram]).status !== 0) {
      t.plan(0, "others than root cannot read this checkout");
      return;
    }
    const args = [...nobody, process.execPath, daemonProgram, "run", "--config", config];
    const { status, stderr } = spawnSync("setpriv", args, {
      encoding: "utf8",
      timeout: 60_000,
      env: {},
    });
    t.equal(status, 1, stderr);
    t.match(stderr, /cannot open the gate: fanotify_init: errno 1; it needs CAP_SYS_ADMIN: run it/);
    t.end();
  });
}
