// The daemon beside Debian's auditd, whichever is first. Rules and settings of the operator's stay theirs.
// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { isAlive, openAudit, statusOf, untilFree } from "../support/audit.ts";
import { auditctl, requireAuditd, startAuditd } from "../support/auditd.ts";
import { startDaemon, type TestDaemon } from "../support/daemon.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";
import { until } from "../support/until.ts";

const rules = readFileSync(new URL("../../rules/second-view.yaml", import.meta.url), "utf8");
const memoryRule = "Program Run From Memory in Container";
/** Rules as an operator writes them: one of another kind, and one much like ours. */
const operatorRules = [
  ["-w", "/etc/execwarden-test-watch", "-p", "wa", "-k", "operator"],
  [
    "-a",
    "always,exit",
    "-F",
    "arch=b64",
    "-S",
    "execve",
    "-F",
    "devminor=999",
    "-k",
    "execwarden2",
  ],
];
const waitMs = 60_000;
const limits = { failure: 1, backlogLimit: 4_096, backlogWaitTime: 1_000 };

if (requireAuditd(t) && requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  const tools = join(engine.directory, "tools");
  mkdirSync(tools);
  const source = fileURLToPath(new URL("../support/memfd-exec.c", import.meta.url));
  execFileSync("gcc", ["-static", "-O1", "-o", join(tools, "memfd-exec"), source]);
  const audit = openAudit(t);
  const ours = (): number | undefined => audit.ourRules()?.length;

  const runFromMemory = async (daemon: TestDaemon, name: string): Promise<void> => {
    await engine.docker(
      ...["run", "--rm", "--network=none", `--name=${name}`, `--volume=${tools}:/tools:ro`],
      ...[images.busybox, "/bin/sh", "-c", "/tools/memfd-exec /bin/busybox echo hidden; :"],
    );
    await daemon.alert(
      ({ rule, execwarden }) => rule === memoryRule && execwarden.container?.name === name,
    );
  };
  const operatorsRules = async (): Promise<readonly string[]> =>
    (await auditctl("-l"))
      .split("\n")
      .filter((line) => /operator|execwarden2/.test(line))
      .sort();
  // It lists the rules and deletes one by one, and gives up at one that went meanwhile with its container.
  const deleteAll = async (attempts = 10): Promise<void> => {
    await auditctl("-D").catch((error: unknown) => {
      if (attempts === 0) throw error;
      return deleteAll(attempts - 1);
    });
  };
  const settings = () => {
    const { enabled, failure, backlogLimit, backlogWaitTime } = statusOf(audit);
    return { enabled, failure, backlogLimit, backlogWaitTime };
  };

  await untilFree(audit);
  const before = settings();
  t.teardown(() => audit.set(before));
  for (const rule of operatorRules) await auditctl(...rule);
  t.teardown(async () => {
    for (const [flag = "", ...rest] of operatorRules) {
      // Not there where a test ended between deleting them and setting them again.
      await auditctl(flag === "-w" ? "-W" : "-d", ...rest).catch(() => undefined);
    }
  });
  const operators = await operatorsRules();
  t.equal(operators.length, 2);

  await t.test("auditd is first: we listen, and nothing of its own changes", async (t) => {
    const auditd = await startAuditd(t, t.testdir(), audit);
    audit.set(limits);
    const owned = settings();
    t.match(owned, { enabled: 1, ...limits });
    const daemon = await startDaemon({ dockerHost: engine.host, rules, witness: "full" });
    t.teardown(() => daemon.stop());
    const role = { role: "listener", ownerPid: auditd?.pid, problem: undefined };
    t.match((await daemon.status()).witness, { ...role, rules: 2, rulesFailed: 0 });
    await runFromMemory(daemon, "beside-auditd");
    // auditd has the records too, and writes them in its own time.
    for (const record of [/type=EXECVE .*a0="\/bin\/sh"/, /key="execwarden"/])
      await until(() => record.test(auditd?.log() ?? ""), waitMs);

    await deleteAll();
    await daemon.logged("somebody deleted audit rules of ours; they are set again");
    // It may have looked between two of the deletions; then it sets them again once more.
    await until(() => ours() === 2, waitMs);
    for (const rule of operatorRules) await auditctl(...rule);
    await runFromMemory(daemon, "after-deletion");

    t.strictSame(settings(), owned);
    t.equal(statusOf(audit).pid, auditd?.pid, "it owns the stream still");
    t.equal(await daemon.stop(), 0);
    t.equal(ours(), 0);
    t.strictSame(await operatorsRules(), operators);
    t.strictSame(settings(), owned);
    t.equal(statusOf(audit).pid, auditd?.pid);
  });

  await t.test("we are first: we give way to auditd when it comes", async (t) => {
    await untilFree(audit);
    audit.set(limits);
    const { failure, backlogLimit, backlogWaitTime } = settings();
    const daemon = await startDaemon({ dockerHost: engine.host, rules, witness: "full" });
    t.teardown(() => daemon.stop());
    t.match((await daemon.status()).witness, { role: "owner", ownerPid: daemon.pid });
    t.match(settings(), { backlogLimit: 16_384, backlogWaitTime: 5 });
    t.equal(
      await startAuditd(t, t.testdir(), audit),
      undefined,
      "the kernel protects who is there",
    );
    await daemon.logged("another process wants to own the audit stream; gave way to it");
    const auditd = await startAuditd(t, t.testdir(), audit);
    t.ok(isAlive(auditd?.pid ?? 0), "the second start succeeds");
    t.match(settings(), { enabled: 1, failure, backlogLimit, backlogWaitTime });
    await runFromMemory(daemon, "gave-way");
    t.match((await daemon.status()).witness, { role: "listener", rules: 2 });
    await until(() => auditd?.log().includes('key="execwarden"') === true, waitMs);
    t.equal(await daemon.stop(), 0);
    t.strictSame(await operatorsRules(), operators);
    t.match(settings(), { enabled: 1, failure, backlogLimit, backlogWaitTime });
    t.equal(statusOf(audit).pid, auditd?.pid);
  });
}
