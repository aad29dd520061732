// SPDX-License-Identifier: Apache-2.0
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import t from "tap";
import { startDaemon, type CommandEnd } from "../support/daemon.ts";
import { daemonProgram } from "../support/daemon-program.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const rules = readFileSync(join(checkout, "rules/docker.yaml"), "utf8");
const policies = `
policies:
  - name: Nothing privileged
    rules: [Create Privileged Container]
    mode: enforce
    actions: [deny]
`;

if (requireEngine(t)) {
  t.setTimeout(240_000);
  const outer = t;
  const name = `execwarden-enable-${process.pid}`;
  const socket = `/run/docker/plugins/${name}.sock`;
  mkdirSync("/run/docker/plugins", { recursive: true });
  const scratch = mkdtempSync(join(tmpdir(), "enable-"));
  const daemonJson = join(scratch, "daemon.json");
  writeFileSync(daemonJson, '{ "debug": false }');
  const engine = await startEngine({ flags: [`--config-file=${daemonJson}`] });
  t.teardown(async () => {
    await engine.stop();
    rmSync(socket, { force: true });
    rmSync(scratch, { recursive: true, force: true });
  });
  await buildImages(engine);
  const daemon = await startDaemon({
    ...{ dockerHost: engine.host, mode: "enforce", rules, policies },
    config: { plugin: { socket: join(scratch, "authz.sock") } },
  });
  // Not before the engine: it would wait for its plugin.
  t.teardown(async () => {
    await engine.stop();
    await daemon.stop();
  });
  const place = ["--daemon-json", daemonJson, "--docker-socket", engine.socketPath];
  const pidFile = ["--pid-file", join(engine.directory, "dockerd.pid")];
  const run = (...args: readonly string[]): Promise<CommandEnd> =>
    new Promise((resolve) => {
      execFile(process.execPath, [daemonProgram, "plugin", ...args], (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  const plugin = (command: string, ...options: readonly string[]): Promise<CommandEnd> =>
    run(command, "--name", name, ...place, ...pidFile, ...options);
  const createPrivileged = async (): Promise<string> => {
    const { code, stderr } = await engine.docker(
      "create",
      "--privileged",
      images.busybox,
      "/bin/true",
    );
    return code === 0 ? "made" : stderr;
  };
  /** The engine reads its file in its own time after SIGHUP. */
  const untilSays = async (expected: RegExp): Promise<string> => {
    let said = "";
    for (let tries = 0; tries < 300; tries += 1) {
      said = await createPrivileged();
      if (expected.test(said)) break;
      await delay(100);
    }
    return said;
  };
  const configured = (): unknown => JSON.parse(readFileSync(daemonJson, "utf8"));
  const refused =
    /authorization denied by plugin execwarden-.*refused by the policy "Nothing privileged"/;

  await t.test("nothing is changed where it could end the engine", async (t) => {
    const absent = await plugin("enable");
    t.equal(absent.code, 1);
    t.match(absent.stderr, /no plugin answers at .*systemctl enable --now execwarden-authz.socket/);
    t.strictSame(configured(), { debug: false });
    const status = await plugin("status", "--socket", daemon.socket);
    t.equal(status.code, 1);
    t.match(status.stdout, /does not name .*\n.*no plugin answers[^]*engine: was not seen to ask/);
  });

  await t.test("a file that is wrong, or says so by its flags, is left alone", async (t) => {
    const program = "daemon/kernel/addon/build/Release/execwarden-authz";
    const service = spawn(join(checkout, program), [], {
      env: { EXECWARDEN_LISTEN: socket, EXECWARDEN_SOCKET: join(scratch, "authz.sock") },
      stdio: ["ignore", "ignore", "pipe"],
    });
    outer.teardown(() => service.kill("SIGTERM"));
    await once(service.stderr, "data");
    writeFileSync(daemonJson, "{ broken");
    const broken = await plugin("enable");
    t.equal(broken.code, 1);
    t.match(broken.stderr, /daemon\.json: cannot read it/);
    t.equal(readFileSync(daemonJson, "utf8"), "{ broken");
    writeFileSync(daemonJson, '{ "debug": false }');
    // An engine that was started with the flag, as far as anybody can see.
    const shell = join(scratch, "dockerd");
    copyFileSync("/bin/sh", shell);
    const flagged = spawn(shell, ["-c", "read x", "--authorization-plugin=other"]);
    writeFileSync(join(scratch, "flagged.pid"), String(flagged.pid));
    const options = ["--name", name, ...place, "--pid-file", join(scratch, "flagged.pid")];
    const conflict = await run("enable", ...options);
    flagged.kill("SIGKILL");
    t.equal(conflict.code, 1);
    t.match(conflict.stderr, /started with --authorization-plugin/);
    t.strictSame(configured(), { debug: false });
  });

  await t.test("enabled, the engine asks; disabled, it does not", async (t) => {
    const running = await engine.docker(
      "run",
      "-d",
      "--network=none",
      images.busybox,
      "/bin/sleep",
      "600",
    );
    t.equal(await createPrivileged(), "made");
    const enabled = await plugin("enable");
    t.equal(enabled.code, 0, enabled.stderr);
    t.strictSame(configured(), { debug: false, "authorization-plugins": [name] });
    t.equal(readFileSync(`${daemonJson}.before-execwarden`, "utf8"), '{ "debug": false }');
    t.match(await untilSays(refused), refused);
    const again = await plugin("enable");
    t.match(again.stdout, /says so already/);
    let status = await plugin("status", "--json", "--socket", daemon.socket);
    for (let tries = 0; tries < 300 && status.code !== 0; tries += 1) {
      await delay(100);
      status = await plugin("status", "--json", "--socket", daemon.socket);
    }
    t.match(JSON.parse(status.stdout), { isConfigured: true, pluginAnswers: true, isAsked: true });
    const log = readFileSync(join(engine.directory, "dockerd.log"), "utf8");
    t.notMatch(log, "heartbeat", "the engine has no failure to tell of");

    const disabled = await plugin("disable");
    t.equal(disabled.code, 0, disabled.stderr);
    t.strictSame(configured(), { debug: false });
    t.equal(await untilSays(/^made$/), "made");
    const { stdout } = await engine.docker("ps", "-q", "--no-trunc");
    t.equal(stdout, running.stdout, "what ran goes on");
  });

  await t.test("break-glass by hand, as docs/plugin.md has it", async (t) => {
    t.equal((await plugin("enable")).code, 0);
    t.match(await untilSays(refused), refused);
    copyFileSync(`${daemonJson}.before-execwarden`, daemonJson);
    execFileSync("/bin/sh", ["-c", `kill -HUP $(cat ${pidFile[1] ?? ""})`]);
    t.equal(await untilSays(/^made$/), "made");
  });

  await t.test("the managed plugin asks the same daemon", async (t) => {
    execFileSync("make", ["plugin"], { cwd: checkout });
    const managed = `${name}-managed`;
    const made = await engine.docker("plugin", "create", managed, join(checkout, "build/plugin"));
    t.equal(made.code, 0, made.stderr);
    const set = await engine.docker("plugin", "set", managed, `daemon.source=${scratch}`);
    t.equal(set.code, 0, set.stderr);
    const options = ["--name", managed, ...place, ...pidFile];
    const early = await run("enable", ...options);
    t.equal(early.code, 1, "it is not enabled yet");
    const started = await engine.docker("plugin", "enable", managed);
    t.equal(started.code, 0, started.stderr);
    const enabled = await run("enable", ...options);
    t.equal(enabled.code, 0, enabled.stderr);
    t.match(await untilSays(refused), refused);
    await daemon.stop();
    t.equal(await createPrivileged(), "made", "without the daemon it allows, as it is set to");
    await engine.restart();
    t.equal(await createPrivileged(), "made", "an engine starts with it");
    t.ok(existsSync(daemonJson));
  });
}
