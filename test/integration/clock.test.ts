// A wall clock that is set while the daemon runs: the times of alerts follow it, and pauses and cooldowns do not notice.
// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { startDaemon, type AlertLine } from "../support/daemon.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";
import { rulesOf } from "../support/word-rules.ts";

const policies = `policies:
  - { name: deny, rules: [dodeny], mode: enforce, actions: [deny] }
  - name: cool
    rules: [docool]
    mode: enforce
    actions: [{ unpause: container }]
    limits: { cooldown: 1h }
`;
const dayS = 86_400;

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  const library = join(engine.directory, "clock-jump.so");
  const source = fileURLToPath(new URL("../support/clock-jump.c", import.meta.url));
  execFileSync("gcc", ["-O1", "-shared", "-fPIC", "-o", library, source]);
  const file = join(engine.directory, "seconds");
  const setClock = (seconds: number): void => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds));
    // In place: the daemon has mapped these bytes.
    writeFileSync(file, bytes, { flag: "r+" });
  };
  writeFileSync(file, Buffer.alloc(8));
  const daemon = await startDaemon({
    ...{ dockerHost: engine.host, mode: "enforce", policies },
    rules: rulesOf(["dodeny", "docool"]),
    runBy: ["env", `LD_PRELOAD=${library}`, `CLOCK_JUMP_FILE=${file}`],
  });
  t.teardown(() => daemon.stop());
  await engine.docker(
    ...["run", "--detach", "--network=none", "--name=box", images.busybox],
    ...["/bin/sleep", "600"],
  );
  const run = async (mark: string, word: string): Promise<AlertLine> => {
    await engine.docker("exec", "box", "/bin/echo", mark, word);
    return daemon.alert(({ output }) => output.endsWith(` echo ${mark} ${word}`));
  };

  await t.test("before", async (t) => {
    t.match((await run("first", "docool")).execwarden.outcomes, [{ status: "done" }]);
    t.equal((await run("first", "dodeny")).execwarden.verdict, "deny");
    t.equal((await daemon.run("pause", "--for", "10m")).code, 0);
  });

  for (const [name, seconds] of [
    ["a day on", dayS],
    ["and two days back", -dayS],
  ] as const) {
    await t.test(name, async (t) => {
      setClock(seconds);
      const byMs = (seconds > 0 ? seconds : 2 * seconds) * 1000;
      await daemon.logged(
        "the system's clock was set: times of alerts follow it, durations do not",
        ({ by_ms: told }) => Math.abs(Number(told) - byMs) < 60_000,
      );
      const denied = await run(name.replaceAll(" ", "-"), "dodeny");
      t.match(denied.execwarden, { verdict: "allow", outcomes: [{ status: "would-do" }] });
      const offMs = Date.parse(denied.time) - (Date.now() + seconds * 1000);
      t.ok(Math.abs(offMs) < 600_000, `the alert has the clock's time: ${denied.time}`);
      t.match(await daemon.status(), { enforcement: { isPaused: true } });
    });
  }

  await t.test("after", async (t) => {
    t.equal((await daemon.run("resume")).code, 0);
    const again = await run("again", "docool");
    t.match(again.execwarden.outcomes, [{ status: "suppressed", detail: /cooldown/ }]);
    t.equal((await run("again", "dodeny")).execwarden.verdict, "deny");
    t.match((await daemon.status()).gate.counters, { deadlinesMissed: 0, decisionFailures: 0 });
  });
}
