// SPDX-License-Identifier: Apache-2.0
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import t, { type TAP } from "tap";
import { loadBinding } from "../../daemon/kernel/binding.ts";
import type { GateNativeCounters } from "../../daemon/kernel/gate-counters.ts";
import { Gate, type GateTicket } from "../../daemon/kernel/gate.ts";
import { decodeRecords, type GateRecord } from "../../daemon/tracer/gate-record.ts";
import { parseStat } from "../../daemon/tracer/proc-text.ts";
import { gateRecord } from "../tracer/gate-records.ts";
import { mountOverlay, requireRoot, type TestOverlay } from "../support/overlay.ts";

interface Opened {
  readonly gate: Gate;
  readonly overlay: TestOverlay;
  readonly records: GateRecord[];
}

interface OpenOptions {
  readonly deadlineMs?: number;
  readonly denyOnDeadline?: boolean;
  readonly mode?: "observe" | "hold";
  readonly handOverBytes?: number;
  readonly onRecord?: (record: GateRecord, gate: Gate) => void;
}

function open(t: Pick<TAP, "teardown" | "equal">, options: OpenOptions = {}): Opened {
  const { deadlineMs = 20_000, denyOnDeadline = false, mode = "hold" } = options;
  const { handOverBytes = 1 << 20 } = options;
  const overlay = mountOverlay();
  const gate = Gate.open(loadBinding(), { deadlineMs, denyOnDeadline, handOverBytes });
  t.teardown(() => {
    gate.close();
    overlay.remove();
  });
  gate.setMode(overlay.device, mode);
  const failure = gate.mark({
    root: "/",
    path: overlay.root,
    device: overlay.device,
    extent: "filesystem",
  });
  t.equal(failure, undefined, "the overlay is marked");
  const records: GateRecord[] = [];
  gate.onRecords((batch) => {
    for (const record of decodeRecords(batch)) {
      records.push(record);
      options.onRecord?.(record, gate);
    }
  });
  return { gate, overlay, records };
}

/** A process that holds what is executed there, and a function that gives its next line. */
function hold(t: Pick<TAP, "teardown">, { root, device }: TestOverlay, ...how: readonly string[]) {
  const holder = new URL("../support/gate-holder.ts", import.meta.url).pathname;
  const args = [...process.execArgv, holder, root, String(device), ...how];
  const daemon = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  t.teardown(() => daemon.kill("SIGKILL"));
  const said = createInterface({ input: daemon.stdout })[Symbol.asyncIterator]();
  const lines = async (): Promise<string> => {
    const next = await said.next();
    if (next.done === true) throw new Error("the process that holds has ended");
    return next.value;
  };
  return { daemon, lines };
}

interface Ended {
  /** Exit status; a shell has 126 for a program that it may not execute. */
  readonly result: number | string;
  readonly tookMs: number;
}

/**
 * Runs a program by way of a shell: spawning it directly would block this process, which has to answer,
 * until the program has been executed (uv_spawn waits for that).
 */
function run(program: string, args: readonly string[] = []): Promise<Ended> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    execFile("/bin/sh", ["-c", 'exec "$0" "$@"', program, ...args], (error) => {
      resolve({ result: error?.code ?? 0, tookMs: performance.now() - startedMs });
    });
  });
}

/**
 * Runs a shell's script from its beginning to its end without one turn of the event loop, and returns what it printed:
 * whoever waited for this process would keep it from its end.
 */
function sleepThrough(t: Pick<TAP, "testdir" | "ok">, script: string): string {
  const output = join(t.testdir(), "output");
  const command = `{ ${script}; } >${output}.part; mv ${output}.part ${output}`;
  spawn("/bin/sh", ["-c", command], { stdio: "inherit" });
  const giveUpMs = performance.now() + 60_000;
  while (!existsSync(output) && performance.now() < giveUpMs)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  t.ok(existsSync(output), "it came to its end while the loop slept");
  return readFileSync(output, "utf8");
}

/** Every thread of it: the one that a signal comes to first tells the others. */
function isStopped(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) =>
    /^State:\s+T/m.test(readFileSync(`/proc/${pid}/task/${thread}/status`, "latin1")),
  );
}

if (requireRoot(t)) {
  await t.test("an observed exec runs, and what it was is known", async (t) => {
    const { overlay, records, gate } = open(t, { mode: "observe" });
    const { result } = await run(join(overlay.root, "bin/true"), ["one", "two words"]);
    t.equal(result, 0);
    await until(() => records.length === 1);
    const [record] = records;
    t.equal(record?.isHeld, false);
    t.equal(record?.isArgvKnown, true);
    t.strictSame(record?.argv, [join(overlay.root, "bin/true"), "one", "two words"]);
    t.equal(record?.filename, join(overlay.root, "bin/true"));
    t.equal(record?.file.path, join(overlay.root, "bin/busybox"), "the link is resolved");
    t.equal(record?.file.device, overlay.device);
    t.match(record?.status, /\nTgid:\t/);
    t.match(gate.counters(), { seen: 1, allowed: 1, denied: 0, lost: 0, waiting: 0 });
  });

  await t.test("a denied exec is not permitted and never starts", async (t) => {
    const { overlay, gate } = open(t, {
      onRecord: (record, gate) => gate.answer(record.ticket, "deny"),
    });
    const { result } = await run(join(overlay.root, "bin/true"));
    t.equal(result, 126);
    t.match(gate.counters(), { seen: 1, allowed: 0, denied: 1, deadlinesMissed: 0 });
  });

  await t.test("each exec is answered exactly once", async (t) => {
    const answers: boolean[] = [];
    const { overlay, gate } = open(t, {
      onRecord: (record, gate) => {
        answers.push(gate.answer(record.ticket, "allow"), gate.answer(record.ticket, "deny"));
      },
    });
    t.equal((await run(join(overlay.root, "bin/true"))).result, 0);
    t.strictSame(answers, [true, false], "the second answer is refused");
    t.match(gate.counters(), { allowed: 1, denied: 0, answerErrors: 0 });
  });

  for (const row of [
    { name: "at the deadline an exec is allowed", denyOnDeadline: false, result: 0 },
    { name: "or refused, where that is configured", denyOnDeadline: true, result: 126 },
  ]) {
    await t.test(row.name, async (t) => {
      const { overlay, gate, records } = open(t, {
        // Longer than a thread of ours waits for a processor: else the stand-in answers, and counts it.
        deadlineMs: 1_000,
        denyOnDeadline: row.denyOnDeadline,
      });
      const { result, tookMs } = await run(join(overlay.root, "bin/true"));
      t.equal(result, row.result);
      t.ok(tookMs >= 1_000, "not before");
      t.match(gate.counters(), { deadlinesMissed: 1, waiting: 0 });
      await until(() => records.length > 0);
      const late = records[0];
      t.ok(late !== undefined && !gate.answer(late.ticket, "deny"), "a late answer is refused");
    });
  }

  await t.test("a blocked event loop leaves no exec beyond the deadline", (t) => {
    const { overlay, gate } = open(t, { deadlineMs: 1_000 });
    const timed = `s=$(date +%s%N); ${overlay.root}/bin/true; e=$(date +%s%N); echo $(( (e - s) / 1000000 ))`;
    const heldMs = Number(sleepThrough(t, timed));
    t.ok(heldMs >= 1_000, `held for ${heldMs} ms`);
    t.match(gate.counters(), { deadlinesMissed: 1 });
    t.end();
  });

  await t.test(
    "a full hand-over buffer delays execs within bounds, and counts its losses",
    async (t) => {
      const options = { mode: "observe", deadlineMs: 200, handOverBytes: 64 << 10 } as const;
      const { overlay, gate, records } = open(t, options);
      sleepThrough(
        t,
        `i=0; while [ $i -lt 300 ]; do ${overlay.root}/bin/true; i=$((i+1)); done; echo done`,
      );
      await until(() => records.length + gate.counters().lost === 300);
      t.match(gate.counters(), { seen: 300, allowed: 300, deadlinesMissed: 0 });
      t.ok(gate.counters().lost > 100, `${gate.counters().lost} lost, and counted`);
    },
  );

  await t.test("when the daemon is killed, the kernel lets everything go on", async (t) => {
    const overlay = mountOverlay();
    t.teardown(() => {
      overlay.remove();
    });
    const { lines, daemon } = hold(t, overlay);
    t.equal(await lines(), "ready");
    const exec = run(join(overlay.root, "bin/true"), ["held"]);
    t.equal(await lines(), "sees held");
    daemon.kill("SIGKILL");
    const { result, tookMs } = await exec;
    t.equal(result, 0);
    t.ok(tookMs < 20_000, "long before the deadline of 60 s");
  });

  await t.test(
    "the file of an observed exec is kept for its digest, where that is asked for",
    async (t) => {
      const { overlay, gate, records } = open(t, { mode: "observe" });
      const life = { device: overlay.device, generation: 0 };
      const program = join(overlay.root, "bin/busybox");
      const execOnce = async (): Promise<GateRecord> => {
        const before = records.length;
        await run(join(overlay.root, "bin/true"));
        await until(() => records.length > before);
        return records[before] ?? gateRecord();
      };
      t.equal((await execOnce()).isKept, false);
      gate.keepFiles(life, statSync(program, { bigint: true }).ctimeNs + 1n);
      t.equal((await execOnce()).isKept, false, "it did not change as late as that");
      gate.keepFiles(life, 0n);
      const record = await execOnce();
      t.match(record, { isKept: true, isHeld: false });
      t.equal(gate.answer(record.ticket, "deny"), false, "it is answered");
      const digest = (ticket: GateTicket, ctimeNs: bigint): Promise<string | boolean | undefined> =>
        new Promise((resolve) => {
          if (!gate.digest(ticket, { sizeMax: 64 << 20, ctimeNs }, resolve)) resolve(false);
        });
      const expected = createHash("sha256").update(readFileSync(program)).digest("hex");
      t.equal(await digest(record.ticket, record.file.ctimeNs), expected);
      t.equal(await digest(record.ticket, record.file.ctimeNs), false, "once");
      const changed = await execOnce();
      t.equal(
        await digest(changed.ticket, changed.file.ctimeNs + 1n),
        undefined,
        "in that state only",
      );
      const forgotten = await execOnce();
      gate.forgetFile(forgotten.ticket);
      t.equal(await digest(forgotten.ticket, forgotten.file.ctimeNs), false);
      gate.keepFiles(life);
      t.equal((await execOnce()).isKept, false, "no longer");
    },
  );

  for (const row of [
    { mode: "hold", result: 126, what: "refused, as configured" },
    { mode: "observe", result: 0, what: "allowed: nothing could refuse it" },
  ]) {
    await t.test(
      `a daemon that stands still: what it would ${row.mode} is ${row.what}`,
      async (t) => {
        const overlay = mountOverlay();
        t.teardown(() => {
          overlay.remove();
        });
        const { lines, daemon } = hold(t, overlay, row.mode, "400");
        t.equal(await lines(), "ready");
        const execute = (argument: string): Promise<Ended> =>
          run(join(overlay.root, "bin/true"), [argument]);
        const early = execute("early");
        t.equal(await lines(), "sees early");
        daemon.kill("SIGSTOP");
        await until(() => isStopped(daemon.pid ?? 0));
        t.equal((await early).result, row.result, "one that it had read already");
        const meanwhile = Array.from({ length: 5 }, (_, index) => String(index));
        for (const argument of meanwhile) t.equal((await execute(argument)).result, row.result);
        daemon.kill("SIGCONT");
        for (const argument of meanwhile) {
          t.equal(await lines(), `sees ${argument}`, "told of afterwards");
        }
        const late = execute("late");
        t.equal(await lines(), "sees late", "it is there again");
        await late;
        daemon.stdin.write("counters\n");
        const counters = JSON.parse(await lines()) as GateNativeCounters;
        t.match(counters, { seen: 7, stoodIn: 5, answerErrors: 0, waiting: 0 });
        t.equal(counters.allowed + counters.denied, 7, "each is answered once");
      },
    );
  }

  await t.test("an exec on the host is never held", async (t) => {
    const { gate } = open(t, { deadlineMs: 60_000 });
    gate.setDefaultMode("hold");
    const { result, tookMs } = await run("/bin/true");
    t.equal(result, 0);
    t.ok(tookMs < 60_000);
    t.match(gate.counters(), { seen: 0 });
  });

  await t.test("a place that is not the filesystem it was is not marked", (t) => {
    const { gate, overlay } = open(t);
    const place = { root: "/", path: "/", device: overlay.device, extent: "filesystem" } as const;
    t.equal(gate.mark(place)?.errno, 116, "ESTALE");
    t.end();
  });

  await t.test("scripts, 500 execs at once, and long arguments", async (t) => {
    const { overlay, gate, records } = open(t, { mode: "observe" });
    const sh = join(overlay.root, "bin/sh");
    const loop = `i=0; while [ $i -lt 500 ]; do ${overlay.root}/bin/true $i & i=$((i+1)); done; wait`;
    t.equal((await run(sh, ["-c", loop])).result, 0);
    await until(() => records.length >= 501);
    t.equal(records.length, 501);
    const known = records.slice(1).filter(({ isArgvKnown }) => isArgvKnown);
    const numbers = new Set(known.map(({ argv }) => argv[1]));
    t.equal(numbers.size, known.length, "each with its own argument");
    // A thread that does not come to wait soon enough, on a machine that has other work, is let go without it.
    t.ok(known.length > 250, `argv is known of ${known.length} of 500`);
    await run(join(overlay.root, "bin/true"), ["x".repeat(100_000)]);
    await until(() => records.length === 502);
    t.ok((records[501]?.argv[1]?.length ?? 0) > 30_000, "a long argument is cut, not lost");
    t.match(gate.counters(), { seen: 502, allowed: 502, lost: 0, waiting: 0 });
  });

  await t.test(
    "an exec in place keeps the process; its directory, cgroup and parent are read",
    async (t) => {
      const { overlay, records } = open(t, { mode: "observe" });
      await run(join(overlay.root, "bin/sh"), ["-c", `exec ${overlay.root}/bin/true`]);
      await until(() => records.length === 2);
      t.equal(records[0]?.tid, records[1]?.tid, "exec keeps the process");
      t.equal(records[1]?.syscall, 59);
      t.match(records[1]?.cgroup, /\d+:/);
      t.equal(records[1]?.cwd, process.cwd());
      const own = parseStat(readFileSync("/proc/self/stat", "latin1"));
      t.equal(records[0]?.parentStart, own?.startTicks);
    },
  );
}

/** Resolves when the condition holds; it is looked at whenever the event loop turns. */
async function until(isDone: () => boolean): Promise<void> {
  const giveUpMs = performance.now() + 60_000;
  while (!isDone()) {
    if (performance.now() > giveUpMs) throw new Error("waited for a minute in vain");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
