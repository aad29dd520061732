// Reloads under a storm of execs, with a container that moves between observe and enforce: every exec is told exactly
// once, and as the kernel answered it.
// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { ballast } from "../support/ballast.ts";
import { startDaemon, type AlertLine, type DaemonOptions } from "../support/daemon.ts";
import { requireEngine, startEngine, type TestEngine } from "../support/engine.ts";
import { importImage } from "../support/images.ts";
import { until } from "../support/until.ts";

const reloads = 10;
/** Processes that exec at the same time, and how often each does in a second: 1,500 execs a second in all. */
const workers = 3;
const rate = 500;
/** Of each: on a machine that has other work, reloads may take longer than this storm should. */
const execsMax = 6_000;
const waitMs = 120_000;

const everyNoOp = `
- rule: Every No-op
  desc: every exec of the storm
  condition: evt.type in (execve, execveat) and container and proc.name = no-op
  output: "%proc.cmdline"
  priority: NOTICE
`;
function policy(mode: "monitor" | "enforce"): string {
  return `policies:
  - { name: No no-op, rules: [Every No-op], mode: ${mode}, actions: [deny] }
`;
}

/** An image with the storm, and a program that does nothing. */
async function buildStorm(engine: TestEngine): Promise<string> {
  const root = mkdtempSync(join(engine.directory, "storm-"));
  mkdirSync(join(root, "bin"));
  const compile = (source: string, name: string): void => {
    const path = fileURLToPath(new URL(source, import.meta.url));
    execFileSync("gcc", ["-O2", "-static", "-o", join(root, "bin", name), path]);
  };
  compile("../support/exec-storm.c", "exec-storm");
  compile("../../bench/no-op.c", "no-op");
  copyFileSync("/bin/busybox", join(root, "bin/sleep"));
  await importImage(engine, { root, name: "storm:1", changes: [] });
  rmSync(root, { recursive: true });
  return "storm:1";
}

/** What an alert says became of the exec with this argument; nothing where its arguments could not be read. */
function toldFate({ output, execwarden }: AlertLine): readonly (readonly [string, string])[] {
  const argument = /no-op (\d+-\d+)$/.exec(output)?.[1];
  return argument === undefined
    ? []
    : [[argument, execwarden.verdict === "deny" ? "refused" : "ran"]];
}

interface Storm {
  /** Ends it: what the kernel did with each exec, by its argument, and how long all took. */
  end(): Promise<{ readonly fates: ReadonlyMap<string, string>; readonly tookMs: number }>;
}

function startStorm(t: Test, engine: TestEngine, name: string): Storm {
  const command = ["/bin/exec-storm", ...[workers, rate, execsMax].map(String), "/bin/no-op"];
  const args = ["-H", engine.host, "exec", "--interactive", name, ...command];
  const child = spawn("docker", args, {
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.teardown(() => child.kill());
  const printed = child.stdout.toArray() as Promise<Buffer[]>;
  return {
    async end() {
      const exited = once(child, "exit");
      child.stdin.end();
      await exited;
      const lines = Buffer.concat(await printed)
        .toString()
        .trimEnd()
        .split("\n");
      const tookMs = Number(lines.pop());
      const fates = lines.map((line): [string, string] => {
        const [argument = "", fate = ""] = line.split(" ");
        return [argument, fate];
      });
      return { fates: new Map(fates), tookMs };
    },
  };
}

if (requireEngine(t)) {
  t.setTimeout(300_000);
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  const image = await buildStorm(engine);
  await engine.docker("run", "-d", "--network=none", "--name=box", image, "/bin/sleep", "600");

  await t.test(`${reloads} reloads under a storm: each exec told once, as answered`, async (t) => {
    const options: DaemonOptions = {
      dockerHost: engine.host,
      mode: "enforce",
      rules: everyNoOp + ballast,
      policies: policy("monitor"),
      // A reader as slow as this test on a busy machine must not be what loses an alert.
      config: { outputs: { queue: { alerts: 1_000_000, size: "1GiB" } } },
    };
    const daemon = await startDaemon(options);
    t.teardown(() => daemon.stop());
    const storm = startStorm(t, engine, "box");
    await until(() => daemon.alerts.length >= 100, waitMs);
    for (let number = 2; number <= reloads + 1; number += 1) {
      daemon.rewrite({ ...options, policies: policy(number % 2 === 0 ? "enforce" : "monitor") });
      const { code, answer } = await daemon.post("/v1/reload");
      t.equal(code, 200);
      t.match(answer, { result: "done", generation: number, needsRestart: [] });
    }
    const { fates, tookMs } = await storm.end();
    await until(() => daemon.alerts.length >= fates.size, waitMs);
    const { gate, lastReload } = await daemon.status();
    t.equal(daemon.alerts.length, fates.size, "as many alerts as execs");
    const named = daemon.alerts.flatMap(toldFate);
    const told = new Map(named);
    t.equal(told.size, named.length, "none twice");
    t.ok(fates.size - told.size <= gate.counters.argvUnknown, "who has no name is counted");
    const wrong = [...told].filter(([argument, fate]) => fates.get(argument) !== fate);
    t.strictSame(wrong, [], "each is told as the kernel answered it");
    const refused = [...fates.values()].filter((fate) => fate === "refused").length;
    t.ok(refused > 0 && refused < fates.size, `${refused} of ${fates.size} were refused`);
    t.match(gate.counters, {
      // The storm itself was one more.
      ...{ seen: fates.size + 1, denied: refused, lost: 0, alertsLost: 0 },
      ...{ deadlinesMissed: 0, decisionFailures: 0 },
    });
    const perSecond = Math.round(fates.size / (tookMs / 1000));
    t.comment(
      `${fates.size} execs, ${perSecond} a second, through ${reloads} reloads; arguments unknown ` +
        `of ${gate.counters.argvUnknown}; longest slice of the last reload: ` +
        `${lastReload?.longestSliceMs} ms of ${lastReload?.tookMs} ms`,
    );
  });
}
