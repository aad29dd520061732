// The command line as people run it, against a real daemon on a real engine.
// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { spawn as spawnTerminal } from "node-pty";
import t from "tap";
import { daemonProgram } from "../support/daemon-program.ts";
import { startDaemon } from "../support/daemon.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";
import { until } from "../support/until.ts";

/** Runs the program with its output piped. */
function run(...args: string[]): Promise<{ code: number | null; out: string; error: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [daemonProgram, ...args], { timeout: 60_000 });
    const written = { out: "", error: "" };
    child.stdout.on("data", (chunk: Buffer) => (written.out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (written.error += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, ...written });
    });
  });
}

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  const daemon = await startDaemon({ dockerHost: engine.host });
  t.teardown(() => daemon.stop());
  const socket = ["--socket", daemon.socket];

  const fetch = async (name: string): Promise<void> => {
    await engine.docker("run", "--rm", `--name=${name}`, images.curl, "--version");
    await daemon.alert((alert) => alert.execwarden.container?.name === name);
  };

  await t.test(
    "events are followed in a terminal, in colour, and Ctrl-C ends it well",
    async (t) => {
      const filter = ["--filter", "container.name = wanted"];
      const args = [daemonProgram, "events", "--follow", "--last", "5", ...filter, ...socket];
      const terminal = spawnTerminal(process.execPath, args, { env: { TERM: "xterm" } });
      let seen = "";
      terminal.onData((text) => (seen += text));
      const ended = new Promise<number>((resolve) => {
        terminal.onExit(({ exitCode }) => {
          resolve(exitCode);
        });
      });
      await fetch("other");
      await fetch("wanted");
      await until(() => seen.includes("wanted") && seen.includes("curl --version"), 60_000);
      t.match(seen, "\u001b[", "a terminal gets colours");
      t.notMatch(seen, /\bother\b/, "the filter holds");
      terminal.write("\u0003");
      t.equal(await ended, 0);
    },
  );

  await t.test("events, containers, status and policy explain tell of what runs", async (t) => {
    await engine.docker("run", "-d", "--name=idle", images.busybox, "sleep", "600");
    await fetch("last");
    const last = await run(
      "events",
      "--last",
      "1",
      "--fields",
      "alert.uuid,container.name",
      ...socket,
    );
    t.equal(last.code, 0, last.error);
    t.notMatch(last.out, "\u001b", "no colours in a pipe");
    const [uuid = "", name] = last.out.trim().split("\t");
    t.equal(name, "last");
    const explained = await run("policy", "explain", uuid, ...socket);
    t.equal(explained.code, 0, explained.error);
    t.match(explained.out, /judged by +the daemon's generation \d+/);
    t.match(explained.out, /rule "Run Web Fetch Program in Container" \(\w+\) matches/);
    t.match(explained.out, /proc\.name is "curl"/);
    const listed = await run("containers", ...socket);
    t.equal(listed.code, 0, listed.error);
    t.match(listed.out, /idle +\S+ +(observe|enforce|not settled)/);
    t.match((await run("status", ...socket)).out, /^execwarden +\d/);
    await engine.docker("rm", "-f", "idle");
  });

  await t.test("what is wrong is told with its exit code", async (t) => {
    const wrong = await run("events", "--filter", "proc.nam = curl", ...socket);
    t.equal(wrong.code, 4);
    t.match(wrong.error, /did you mean "proc\.name"/);
    const nobody = await run("status", "--socket", "/nowhere.sock");
    t.equal(nobody.code, 3);
    t.match(nobody.error, /is it running\? try: systemctl status execwarden/);
  });
}
