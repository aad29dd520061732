// The daemon under attack: stopped, killed for memory, without descriptors, on a full disk, with a clock that jumps. No
// exec waits for ever, and what went unseen is said. Stuck outputs: outputs.test.ts. No engine: surroundings.test.ts.
// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { startDaemon, type DaemonOptions, type TestDaemon } from "../support/daemon.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";
import { until } from "../support/until.ts";

const rules = `
- rule: Every True
  desc: every run of true
  condition: evt.type in (execve, execveat) and container and proc.name = true
  output: "true (cmdline=%proc.cmdline)"
  priority: NOTICE
`;
const policies = `
policies:
  - name: No web fetch
    rules: [Run Web Fetch Program in Container]
    scope: container.name = held
    mode: enforce
    actions: [deny]
`;
const waitMs = 60_000;
const isDenied = /operation not permitted/i;

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  for (const name of ["held", "observed"]) {
    const options = ["--network=none", "--entrypoint=/bin/sleep"];
    await engine.docker("run", "--detach", `--name=${name}`, ...options, images.curl, "600");
  }
  const start = async (t: Test, options: Partial<DaemonOptions> = {}): Promise<TestDaemon> => {
    const base = { dockerHost: engine.host, mode: "enforce", rules, policies } as const;
    const daemon = await startDaemon({ ...base, ...options });
    t.teardown(() => daemon.stop());
    return daemon;
  };
  const runTrue = async (name: string, word: string): Promise<number> =>
    (await engine.docker("exec", name, "/bin/true", word)).code;
  const runCurl = async (): Promise<string> =>
    (await engine.docker("exec", "held", "/usr/bin/curl", "-V")).stderr;

  await t.test(
    "stopped for less than the deadline, it holds what comes; then it goes on as if nothing had been",
    async (t) => {
      const daemon = await start(t);
      await runTrue("observed", "before");
      daemon.signal("SIGSTOP");
      const words = ["one", "two", "three"];
      const runs = Promise.all([...words.map((word) => runTrue("observed", word)), runCurl()]);
      const late = new Promise((resolve) => setTimeout(resolve, 500, "late"));
      t.equal(await Promise.race([runs, late]), "late", "they wait");
      daemon.signal("SIGCONT");
      const ends = await runs;
      t.strictSame(ends.slice(0, 3), [0, 0, 0]);
      t.match(ends[3], isDenied);
      for (const word of words) await daemon.alert(({ output }) => output.includes(`true ${word}`));
      t.match((await daemon.status()).gate.counters, { lost: 0, readErrors: 0, alertsLost: 0 });
    },
  );

  await t.test("stopped and then killed, as the watchdog does, it holds nobody", async (t) => {
    const daemon = await start(t);
    daemon.signal("SIGSTOP");
    const run = runTrue("observed", "waiting");
    const late = new Promise((resolve) => setTimeout(resolve, 500, "late"));
    t.equal(await Promise.race([run, late]), "late", "it waits");
    await daemon.crash();
    t.equal(await run, 0);
  });

  await t.test(
    "killed for memory, it holds nobody, and the next one says since when",
    async (t) => {
      const group = memoryGroup(t);
      if (group === undefined) {
        t.plan(0, "no memory cgroup to be had here");
        return;
      }
      const state = mkdtempSync(join(engine.directory, "state-"));
      const inGroup = ["/bin/sh", "-c", `echo $$ >${group.processes}; exec "$@"`, "sh"];
      const config = { state_directory: state };
      const daemon = await start(t, { runBy: inGroup, config });
      await runTrue("observed", "before");
      await until(() => existsSync(join(state, "last-run.json")), waitMs);
      group.leaveRoomOf(8 << 20);
      // In the same group, and never chosen: the kernel has one process to end.
      const hog = `echo $$ >${group.processes}; echo -1000 >/proc/self/oom_score_adj; head -c 64M /dev/zero | tail -c 64M >/dev/null`;
      const hogged = once(spawn("/bin/sh", ["-c", hog], { stdio: "ignore" }), "exit");
      await until(() => !isAlive(daemon.pid), waitMs);
      // Its last sign of life came before, however often it gave one.
      const endedMs = Date.now();
      t.equal(await runTrue("observed", "unseen"), 0, "nobody waits");
      t.match(await engine.docker("exec", "held", "/usr/bin/curl", "-V"), { code: 0 });
      await hogged;
      const next = await start(t, { config });
      const { blind } = await next.status();
      t.match(blind, [{ what: "execs", reason: "the daemon ended suddenly" }]);
      t.ok((blind[0]?.fromMs ?? Infinity) <= endedMs && (blind[0]?.toMs ?? 0) >= endedMs);
      t.match(next.log(), /execs went unseen while no daemon guarded/);
      t.match(await runCurl(), isDenied);
    },
  );

  await t.test("without descriptors the kernel refuses execs, and that is said", async (t) => {
    const daemon = await start(t);
    await runTrue("observed", "before");
    const highest = Math.max(...readdirSync(`/proc/${daemon.pid}/fd`).map(Number));
    const setLimit = (limit: string): void => {
      execFileSync("prlimit", [`--pid=${daemon.pid}`, `--nofile=${limit}:`]);
    };
    const usual = /^Max open files\s+(\d+)/m.exec(limitsOf(daemon.pid))?.[1] ?? "";
    // Numbers that are free below the highest one are used up first, and one that was in use for a moment is free again.
    let refused = "";
    for (let attempt = 0; attempt < 20 && !isDenied.test(refused); attempt++) {
      setLimit(String(lowestFree(daemon.pid, highest)));
      refused = (await engine.docker("exec", "observed", "/bin/true")).stderr;
    }
    t.match(refused, isDenied);
    setLimit(usual);
    const said = "something may have gone unseen: see execwarden status";
    const reason = "no descriptor was left: the kernel refused execs, unjudged";
    await daemon.logged(said, (entry) => entry["reason"] === reason);
    const { gate, blind } = await daemon.status();
    t.ok(gate.counters.readErrors > 0);
    t.ok(
      blind.some((time) => time.what === "execs" && time.reason === reason),
      JSON.stringify(blind),
    );
    t.equal(await runTrue("observed", "after"), 0);
    await daemon.alert(({ output }) => output.includes("true after"));
  });

  await t.test("on a full disk it decides and tells as ever, and writes when it can", async (t) => {
    const disk = mkdtempSync(join(engine.directory, "disk-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "none", disk]);
    t.teardown(() => execFileSync("umount", ["-l", disk]));
    const path = join(disk, "events.json");
    const file = { path };
    const daemon = await start(t, { config: { state_directory: disk, outputs: { file } } });
    const filler = join(disk, "filler");
    t.throws(() => {
      writeFileSync(filler, Buffer.alloc(1 << 20));
    }, /ENOSPC/);
    for (const word of ["one", "two"]) {
      t.equal(await runTrue("observed", word), 0);
      await daemon.alert(({ output }) => output.includes(`true ${word}`));
    }
    t.match(await runCurl(), isDenied);
    await until(() => /cannot write[^"]*"[^\n]*ENOSPC/.test(daemon.log()), waitMs);
    rmSync(filler);
    await until(() => readFileSync(path, "utf8").includes("true two"), waitMs);
    t.match(readFileSync(path, "utf8"), /true one/);
    t.match((await daemon.status()).gate.counters, { lost: 0, deadlinesMissed: 0 });
  });

  await t.test(
    "when the clock jumps, times of alerts follow, and no decision is late",
    async (t) => {
      const library = join(engine.directory, "clock-jump.so");
      const source = fileURLToPath(new URL("../support/clock-jump.c", import.meta.url));
      execFileSync("gcc", ["-shared", "-fPIC", "-O1", "-o", library, source]);
      const jump = join(engine.directory, "jump");
      const jumpTo = (seconds: number): void => {
        const bytes = Buffer.alloc(8);
        bytes.writeBigInt64LE(BigInt(seconds));
        // In place: it is mapped.
        writeFileSync(jump, bytes, { flag: existsSync(jump) ? "r+" : "w" });
      };
      jumpTo(0);
      const env = ["env", `LD_PRELOAD=${library}`, `CLOCK_JUMP_FILE=${jump}`];
      const daemon = await start(t, { runBy: env });
      await runTrue("observed", "before");
      const dayS = 86_400;
      for (const seconds of [dayS, -dayS]) {
        jumpTo(seconds);
        await daemon.logged(
          "the system's clock was set: times of alerts follow it, durations do not",
          ({ by_ms }) => Math.sign(Number(by_ms)) === Math.sign(seconds),
        );
        t.match(await runCurl(), isDenied);
        t.equal(await runTrue("observed", `at ${seconds}`), 0);
        const { time } = await daemon.alert(({ output }) => output.includes(`true at ${seconds}`));
        const offMs = Date.parse(time) - (Date.now() + seconds * 1000);
        t.ok(Math.abs(offMs) < waitMs, `${time} is a day off`);
      }
      const { gate, blind } = await daemon.status();
      t.match(gate.counters, { lost: 0, deadlinesMissed: 0 });
      t.strictSame(blind, [], "no time is made up");
    },
  );
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

function limitsOf(pid: number): string {
  return readFileSync(`/proc/${pid}/limits`, "utf8");
}

function lowestFree(pid: number, highest: number): number {
  const used = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  for (let number = 3; number <= highest; number++) if (!used.has(number)) return number;
  return highest + 1;
}

interface MemoryGroup {
  /** The file that takes the ids of processes. */
  readonly processes: string;
  /** Lets it grow by so many bytes, and no more. */
  leaveRoomOf(bytes: number): void;
}

/** A cgroup of the first or second version; undefined where none can be made. */
function memoryGroup(t: Test): MemoryGroup | undefined {
  const isFirst = existsSync("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  const directory = `/sys/fs/cgroup/${isFirst ? "memory/" : ""}execwarden-test-${process.pid}`;
  const limit = join(directory, isFirst ? "memory.limit_in_bytes" : "memory.max");
  const usage = join(directory, isFirst ? "memory.usage_in_bytes" : "memory.current");
  try {
    mkdirSync(directory);
    t.teardown(() => {
      rmdirSync(directory);
    });
    readFileSync(usage);
  } catch {
    return undefined;
  }
  return {
    processes: join(directory, "cgroup.procs"),
    leaveRoomOf(bytes) {
      writeFileSync(limit, String(Number(readFileSync(usage, "utf8")) + bytes));
    },
  };
}
