// The witness against the real audit subsystem: a machine has only one, so tests of it run one at a time.
// SPDX-License-Identifier: Apache-2.0
import { execFile, fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t, { type TAP } from "tap";
import { createAuditChangesFile } from "../../daemon/host/audit-changes-file.ts";
import type { AuditClient } from "../../daemon/kernel/audit-client.ts";
import { encodeRule } from "../../daemon/kernel/audit-messages.ts";
import { followAudit } from "../../daemon/kernel/audit-stream.ts";
import { clearLeftTraces } from "../../daemon/kernel/audit-traces.ts";
import { loadBinding } from "../../daemon/kernel/binding.ts";
import { Witness, type WitnessOptions } from "../../daemon/kernel/witness.ts";
import type { AuditChangesFile, AuditLimits } from "../../daemon/model/audit-changes.ts";
import { AuditAssembler } from "../../daemon/tracer/audit-assembler.ts";
import type { AuditExec } from "../../daemon/tracer/audit-exec.ts";
import { decodeAuditRecords } from "../../daemon/tracer/audit-record.ts";
import { isAlive, openAudit, statusOf, untilFree } from "../support/audit.ts";
import { mountOverlay, requireRoot, type TestOverlay } from "../support/overlay.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { until } from "../support/until.ts";

const binding = loadBinding();
const waitMs = 60_000;
const holder = fileURLToPath(new URL("../support/witness-holder.ts", import.meta.url));

function settingsOf(client: AuditClient): AuditLimits {
  const { enabled, failure, backlogLimit, backlogWaitTime } = statusOf(client);
  return { enabled, failure, backlogLimit, backlogWaitTime };
}

function changesFile(directory: string): AuditChangesFile {
  const { log } = createRecordingLog();
  return createAuditChangesFile({ directory, bootId: "boot", log });
}

function createWitness(t: Pick<TAP, "testdir">, changes: Partial<WitnessOptions> = {}) {
  const { log, lines } = createRecordingLog();
  const file = changesFile(t.testdir());
  const witness = new Witness({
    ...{ binding, mode: "full", isMemfdWanted: false, file, log, machine: process.arch },
    ...{
      pid: process.pid,
      monotonicMs: () => performance.now(),
      hostDevices: () => new Set(),
      isAlive,
    },
    ...changes,
  });
  return { witness, lines, file };
}

function follow(witness: Witness): AuditExec[] {
  const execs: AuditExec[] = [];
  const assembler = new AuditAssembler();
  followAudit(binding, witness.handle, (batch) => {
    for (const record of decodeAuditRecords(batch).records) {
      const exec = assembler.add(record, performance.now());
      if (exec !== undefined) execs.push(exec);
    }
  });
  return execs;
}

function overlay(t: Pick<TAP, "teardown">): TestOverlay {
  const mounted = mountOverlay();
  t.teardown(() => {
    mounted.remove();
  });
  return mounted;
}

function run(program: string, ...args: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    execFile("/bin/sh", ["-c", 'exec "$0" "$@"', program, ...args], () => {
      resolve();
    });
  });
}

/** Another process that uses audit: `own` is the owner until told otherwise, `witness` runs a witness of ours. */
async function startHolder(
  t: Pick<TAP, "teardown">,
  ...args: readonly string[]
): Promise<ChildProcess> {
  const child = fork(holder, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  const [word] = (await once(child, "message")) as [unknown];
  if (word !== "ready") throw new Error(`the other process says ${String(word)}`);
  return child;
}

if (requireRoot(t)) {
  await untilFree(openAudit(t));
  await t.test("owns the stream, records one device, gives everything back", async (t) => {
    const client = openAudit(t);
    const before = statusOf(client);
    const { witness } = createWitness(t);
    witness.start();
    t.teardown(() => {
      witness.stop();
    });
    t.match(witness.status(), { role: "owner", rules: 0, problem: undefined });
    const during = statusOf(client);
    t.equal(during.pid, process.pid);
    t.match(during, { enabled: 1, backlogLimit: 16_384, backlogWaitTime: 5 });
    const [root, other] = [overlay(t), overlay(t)];
    t.equal(witness.add(root.device), true);
    t.equal(witness.add(root.device), true, "once more changes nothing");
    t.equal(client.ourRules()?.length, 2, "b64 and b32");
    const execs = follow(witness);
    await run(join(other.root, "bin/true"));
    await run(join(root.root, "bin/true"), "one", "two words");
    await until(() => execs.length > 0, waitMs);
    t.equal(execs.length, 1);
    t.match(execs[0], { errno: 0, argv: [join(root.root, "bin/true"), "one", "two words"] });
    t.match(execs[0]?.files[0], { device: root.device });
    witness.remove(root.device);
    t.equal(client.ourRules()?.length, 0);
    witness.add(root.device);
    witness.stop();
    t.equal(client.ourRules()?.length, 0, "rules are gone");
    const { lost: _lost, backlog: _backlog, ...after } = statusOf(client);
    const { lost: _before, backlog: _none, ...was } = before;
    t.strictSame(after, was, "settings are as they were");
  });

  await t.test("a program in memory", (t) => {
    const client = openAudit(t);
    const { witness, lines } = createWitness(t, {
      mode: "gaps",
      isMemfdWanted: true,
      hostDevices: () => new Set([8 * 0x100000 + 1, 8 * 0x100000 + 77]),
    });
    witness.start();
    t.teardown(() => {
      witness.stop();
    });
    t.equal(client.ourRules()?.length, 2);
    t.equal(typeof witness.memfd, "number");
    t.match(JSON.stringify(lines), /"disks":"8:1"/, "a disk with the same minor number is named");
    t.end();
  });

  await t.test("what a killed daemon had changed of the settings", async (t) => {
    const client = openAudit(t);
    // A daemon that somebody has killed may have left others.
    client.set({ enabled: 0, backlogLimit: 64, backlogWaitTime: 15_000 });
    const before = settingsOf(client);
    const directory = t.testdir();
    const file = changesFile(directory);
    const kill = async (): Promise<void> => {
      const child = await startHolder(t, "witness", "3000", directory);
      child.kill("SIGKILL");
      await once(child, "exit");
      t.match(settingsOf(client), { backlogLimit: 16_384, backlogWaitTime: 5 }, "a crash");
      t.equal(client.ourRules()?.length, 2);
    };
    t.teardown(() => {
      clearLeftTraces(binding, { file, isAlive, log: createRecordingLog().log });
    });

    await t.test("the next one takes what was there before, not what was left", async (t) => {
      await kill();
      const { witness, lines } = createWitness(t, { file });
      witness.start();
      t.match(JSON.stringify(lines), /undid the audit settings/);
      t.match(settingsOf(client), { backlogLimit: 16_384, backlogWaitTime: 5 }, "owns it anew");
      witness.stop();
      t.strictSame(settingsOf(client), before);
      t.equal(file.read(), undefined, "nothing is left to undo");
    });

    await t.test("without a witness they are undone all the same", async (t) => {
      await kill();
      const { log } = createRecordingLog();
      clearLeftTraces(binding, { file, isAlive, log });
      t.strictSame(settingsOf(client), before);
      t.equal(client.ourRules()?.length, 0);
      t.equal(file.read(), undefined);
    });

    await t.test("what somebody has set since stays", async (t) => {
      await kill();
      client.set({ backlogLimit: 500 });
      t.teardown(() => client.set({ backlogLimit: before.backlogLimit }));
      const { log } = createRecordingLog();
      clearLeftTraces(binding, { file, isAlive, log });
      t.strictSame(settingsOf(client), { ...before, backlogLimit: 500 });
    });

    await t.test("beside another owner audit stays switched on", async (t) => {
      await kill();
      const other = await startHolder(t, "own");
      const { witness } = createWitness(t, { file });
      witness.start();
      t.match(witness.status(), { role: "listener", ownerPid: other.pid });
      t.strictSame(settingsOf(client), { ...before, enabled: 1 });
      witness.stop();
      other.send("release");
      await once(other, "exit");
      t.strictSame(settingsOf(client), before);
    });
  });

  await t.test("rules of others stay, those of a dead predecessor go", async (t) => {
    const client = openAudit(t);
    const rule = encodeRule({ device: 4_000, arch: "b64" }, process.arch);
    if (rule === undefined) throw new Error("no rule for this machine");
    const foreign = Buffer.from(rule);
    foreign.write("execwarde_", foreign.length - 10, "latin1");
    t.equal(client.addRule(foreign), 0);
    t.teardown(() => client.deleteRule(foreign));
    const child = await startHolder(t, "witness", "3000", t.testdir());
    t.equal(client.ourRules()?.length, 2);
    child.kill("SIGKILL");
    await once(child, "exit");
    t.equal(client.ourRules()?.length, 2, "a crash leaves them");
    const { witness, lines } = createWitness(t);
    witness.start();
    t.equal(client.ourRules()?.length, 0);
    t.match(JSON.stringify(lines), /removed audit rules/);
    t.equal(witness.status().role, "owner", "a dead owner is none");
    witness.stop();
    t.equal(client.addRule(foreign), 17, "EEXIST: it is still there");
  });

  await t.test(
    "listens beside another owner, does not rob it, and takes over when it is gone",
    async (t) => {
      const client = openAudit(t);
      const other = await startHolder(t, "own");
      const before = statusOf(client).backlogLimit;
      const root = overlay(t);
      const { witness } = createWitness(t, { checkMs: 20 });
      witness.start();
      t.teardown(() => {
        witness.stop();
      });
      t.match(witness.status(), { role: "listener", ownerPid: other.pid });
      witness.add(root.device);
      const execs = follow(witness);
      await run(join(root.root, "bin/true"), "heard");
      await until(() => execs.length > 0, waitMs);
      t.match(execs[0], { argv: [/true$/, "heard"] });
      t.equal(statusOf(client).pid, other.pid, "it owns it still");
      t.equal(statusOf(client).backlogLimit, before, "and its settings are its own");
      other.send("release");
      await once(other, "exit");
      await until(() => witness.status().role === "owner", waitMs);
      witness.stop();
      t.equal(statusOf(client).pid, 0);
    },
  );

  await t.test("gives way to another process that wants to be the owner", async (t) => {
    const client = openAudit(t);
    const { witness } = createWitness(t, { checkMs: 20 });
    witness.start();
    t.teardown(() => {
      witness.stop();
    });
    t.equal(witness.status().role, "owner");
    const other = await startHolder(t, "own");
    t.match(witness.status(), { role: "listener" });
    t.equal(statusOf(client).pid, other.pid);
  });

  await t.test("rules that somebody deleted are set again", async (t) => {
    const client = openAudit(t);
    const { witness } = createWitness(t, { checkMs: 20 });
    witness.start();
    t.teardown(() => {
      witness.stop();
    });
    witness.add(3_000);
    for (const rule of client.ourRules() ?? []) client.deleteRule(rule);
    await until(() => client.ourRules()?.length === 2, waitMs);
    t.equal(witness.status().rules, 2);
  });
}
