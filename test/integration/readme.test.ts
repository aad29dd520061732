// The first screen of the README: `make run` on an engine with containers, and `make demo`.
// SPDX-License-Identifier: Apache-2.0
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import t from "tap";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);
const endMs = 240_000;

// What `make test ARGS=…` sets for its own children is not for this make.
const ofMake = new Set(["ARGS", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"]);
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !ofMake.has(name)),
);

if (requireEngine(t)) {
  await t.test("make run guards the engine's containers in monitor mode", async (t) => {
    const engine = await startEngine();
    t.teardown(() => engine.stop());
    await buildImages(engine);
    const make = spawn("make", ["run"], {
      cwd: root,
      env: { ...environment, DOCKER_HOST: engine.host },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const group = -(make.pid ?? 0);
    t.teardown(() => {
      if (make.exitCode === null && make.signalCode === null) process.kill(group, "SIGKILL");
    });
    const said = { stdout: "", stderr: "" };
    const until = async (name: keyof typeof said, pattern: RegExp): Promise<string> => {
      const endsAt = AbortSignal.timeout(endMs);
      for (;;) {
        const [found] = pattern.exec(said[name]) ?? [];
        if (found !== undefined) return found;
        if (make.exitCode !== null)
          throw new Error(`make ended with ${make.exitCode}:\n${said.stdout}\n${said.stderr}`);
        await once(make, "said", { signal: endsAt });
      }
    };
    for (const name of ["stdout", "stderr"] as const) {
      make[name].setEncoding("utf8").on("data", (text: string) => {
        said[name] += text;
        make.emit("said");
      });
    }
    make.on("exit", () => make.emit("said"));
    await until("stderr", /info {2}guarding /);
    t.notMatch(said.stdout, "no container engine answers");
    // There may be other engines' containers, of which nothing is known but what they execute.
    const mark = `readme-${process.pid}`;
    const curl = await engine.docker("run", "--rm", images.curl, "--version", mark);
    t.equal(curl.code, 0, "monitor mode refuses nothing");
    // An alert is one line of JSON where standard output is no terminal.
    const rule = "Run Web Fetch Program in Container";
    const line = await until("stdout", new RegExp(`^\\{.*"rule":"${rule}".*${mark}.*\\}$`, "m"));
    t.match(JSON.parse(line), {
      execwarden: { verdict: "allow" },
      output_fields: { "container.image.repository": images.curl },
    });
    const closed = once(make, "close");
    process.kill(group, "SIGINT");
    await closed;
    t.match(said.stderr, "stopping", "Ctrl-C ends it in order");
  });

  await t.test("make demo shows every scene as expected", async (t) => {
    const { stdout } = await run("make", ["demo"], { cwd: root, env: environment, timeout: endMs });
    const table = stdout.slice(stdout.indexOf("scene "));
    for (const scene of ["monitor", "allowlist", "deny", "pause", "kill", "door"]) {
      t.match(table, new RegExp(`^ *✓ ${scene} `, "m"));
    }
    t.notMatch(stdout, "✗");
  });
}
