// Programs that containers start while no daemon guards, and that still run when one does, on a real engine.
// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t, { type Test } from "tap";
import type { Status } from "../../daemon/model/status.ts";
import { startDaemon, type DaemonOptions, type TestDaemon } from "../support/daemon.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";
import { until } from "../support/until.ts";

const rules = `
- rule: Sleep Runs
  desc: every run of sleep
  condition: evt.type in (execve, execveat) and container and proc.name = sleep
  output: "sleep (word=%proc.args finding=%evt.finding views=%evt.views origin=%container.exec_origin)"
  priority: NOTICE
- rule: Copy Runs
  desc: the bytes of busybox somewhere else
  condition: >
    evt.type in (execve, execveat) and container and proc.image_path = /bin/busybox
    and proc.exepath != /bin/busybox
  output: "copy (exepath=%proc.exepath finding=%evt.finding sha256=%proc.exe_sha256 parent=%proc.pname)"
  priority: NOTICE
`;
const policies = `
policies:
  - { name: No copies, rules: [Copy Runs], mode: enforce, actions: [deny, kill: process] }
`;
const waitMs = 60_000;

type Found = NonNullable<Status["unguarded"]>;

/** What became of what was found, as soon as so many are judged and nothing waits. There may be other engines' containers. */
async function judged(daemon: TestDaemon, count: number): Promise<Found> {
  for (let tries = 0; tries < 600; tries++) {
    const { unguarded } = await daemon.status();
    if (unguarded?.waiting === 0 && unguarded.judged >= count) return unguarded;
    await delay(50);
  }
  throw new Error(`not in time: ${JSON.stringify((await daemon.status()).unguarded)}`);
}

/** Pids on the host of the processes whose command line has that word. */
function running(pids: readonly string[], word: string): readonly string[] {
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0").includes(word);
    } catch {
      return false;
    }
  });
}

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  const state = mkdtempSync(join(engine.directory, "state-"));
  const box = async (name: string, word: string): Promise<void> => {
    const options = ["--detach", "--network=none", `--name=${name}`];
    await engine.docker("run", ...options, images.busybox, "/bin/sleep", word);
  };
  const inBox = async (...words: readonly string[]): Promise<void> => {
    const { code, stderr } = await engine.docker("exec", "--detach", "box", ...words);
    if (code !== 0) throw new Error(stderr);
  };
  const start = async (t: Test, more: Partial<DaemonOptions> = {}): Promise<TestDaemon> => {
    const base = { dockerHost: engine.host, mode: "enforce", rules, policies } as const;
    const daemon = await startDaemon({ ...base, config: { state_directory: state }, ...more });
    t.teardown(() => daemon.stop());
    return daemon;
  };
  const pidsOf = async (): Promise<readonly string[]> =>
    (await engine.docker("top", "box", "-eo", "pid")).stdout
      .split("\n")
      .slice(1)
      .map((pid) => pid.trim());
  await box("box", "11111");

  await t.test("the very first daemon tells of nothing that ran before", async (t) => {
    const daemon = await start(t);
    await inBox("/bin/sleep", "22222");
    await daemon.alert(({ output }) => output.includes("22222"));
    await until(() => existsSync(join(state, "last-run.json")), waitMs);
    t.equal((await daemon.status()).unguarded, undefined);
    t.equal(daemon.alerts.length, 1, "11111 is nobody's news");
    await daemon.stop();
  });

  await t.test("after a stop: what was started since, and nothing else", async (t) => {
    await inBox("/bin/sleep", "33333");
    await inBox("/bin/sh", "-c", "cp /bin/busybox /tmp/sleep; exec /tmp/sleep 44444");
    await inBox(
      ...["/bin/sh", "-c"],
      "mkfifo /tmp/f; (read x </tmp/f; exit) & /bin/true; : >/tmp/forked; wait",
    );
    await box("later", "55555");
    // What is executed from here on would be judged at once, and refused.
    while (running(await pidsOf(), "/tmp/sleep").length === 0) await delay(50);
    while ((await engine.docker("exec", "box", "/bin/test", "-e", "/tmp/forked")).code !== 0)
      await delay(50);
    const daemon = await start(t);
    const counts = await judged(daemon, 4);
    t.match(counts, { judged: 4, seen: 0, beyond: 0 });
    t.equal(counts.found, counts.judged + counts.unowned);
    t.ok(counts.forks >= 1);
    const told = await daemon.alert(({ output }) => output.includes("33333"));
    t.match(told, {
      rule: "Sleep Runs",
      output: /finding=unguarded views=proc origin=exec/,
      execwarden: { verdict: "allow", held: false, container: { name: "box" } },
    });
    t.match(await daemon.alert(({ output }) => output.includes("55555")), {
      output: /finding=unguarded views=proc origin=entrypoint/,
      execwarden: { container: { name: "later" } },
    });
    const copy = await daemon.alert(({ rule }) => rule === "Copy Runs");
    t.match(copy, {
      output: /exepath=\/tmp\/sleep finding=unguarded sha256=[0-9a-f]{64}/,
      execwarden: {
        outcomes: [
          { action: "deny", status: "not-possible", detail: /while no daemon guarded/ },
          { action: "kill", status: "done" },
        ],
      },
    });
    // The policy's kill has reached it; it dies in its own time.
    while (running(await pidsOf(), "44444").length > 0) await delay(50);
    t.notOk(
      daemon.alerts.some(({ output }) => /11111|22222/.test(output)),
      "others are known",
    );
    const { stdout } = await daemon.run("status");
    t.match(stdout, /unguarded +programs started before this daemon: \d+ still ran; .*judged 4/);
    await inBox("/bin/sleep", "66666");
    t.match(await daemon.alert(({ output }) => output.includes("66666")), {
      output: /finding=<NA>/,
    });
    await daemon.crash();
  });

  await t.test("after a crash", async (t) => {
    await inBox("/bin/sleep", "77777");
    const daemon = await start(t);
    t.match(await daemon.alert(({ output }) => output.includes("77777")), {
      output: /finding=unguarded/,
    });
    const { blind } = await daemon.status();
    t.match(blind, [{ what: "execs", reason: "the daemon ended suddenly" }]);
    await daemon.stop();
  });
}
