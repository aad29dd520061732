// The second view on a real engine and kernel: programs in memory, arguments that change after they were judged.
// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import t from "tap";
import type { Status } from "../../daemon/model/status.ts";
import { openAudit, statusOf, untilFree } from "../support/audit.ts";
import { startDaemon, type AlertLine, type TestDaemon } from "../support/daemon.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const rules = readFileSync(new URL("../../rules/second-view.yaml", import.meta.url), "utf8");
const memoryRule = "Program Run From Memory in Container";
const changedRule = "Command Line Changed After Judgement";
const unseenRule = "Exec Not Seen By The Gate";
/** The long form of the storm is 20,000. One run of a container takes a part of it. */
const storm = Number(process.env["EXECWARDEN_STORM"] ?? 1_000);
const stormPart = 2_000;
const stopMs = 2_000;
/** runc's own execs come before those of a container, and audit is not asked about them. */
const runcExecsMax = 20;
const waitMs = 60_000;
const policies = `policies:
  - name: No web fetch
    rules: [Run Web Fetch Program in Container]
    mode: enforce
    actions: [deny]
`;

const ofRule =
  (rule: string, container: string) =>
  (alert: AlertLine): boolean =>
    alert.rule === rule && alert.execwarden.container?.name === container;

async function statusWhen(daemon: TestDaemon, holds: (status: Status) => boolean): Promise<Status> {
  let last = await daemon.status();
  const endMs = performance.now() + waitMs;
  while (!holds(last)) {
    if (performance.now() > endMs) throw new Error(`not so: ${JSON.stringify(last.witness)}`);
    await setTimeout(200);
    last = await daemon.status();
  }
  return last;
}

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  const tools = join(engine.directory, "tools");
  mkdirSync(tools);
  for (const tool of ["memfd-exec", "argv-swap"]) {
    const source = fileURLToPath(new URL(`../support/${tool}.c`, import.meta.url));
    execFileSync("gcc", ["-static", "-pthread", "-O1", "-o", join(tools, tool), source]);
  }
  const run = (name: string, ...command: readonly string[]): ReturnType<typeof engine.docker> =>
    engine.docker(
      ...["run", "--rm", "--network=none", `--name=${name}`, `--volume=${tools}:/tools:ro`],
      ...[images.busybox, ...command],
    );

  for (const mode of ["gaps", "full"] as const) {
    await t.test(`${mode}: a program in memory, changed arguments, and a storm`, async (t) => {
      const daemon = await startDaemon({ dockerHost: engine.host, rules, witness: mode });
      t.teardown(() => daemon.stop());
      const audit = openAudit(t);
      const count = (): number | undefined => audit.ourRules()?.length;

      const ran = await run(
        `memory-${mode}`,
        "/bin/sh",
        "-c",
        "/tools/memfd-exec /bin/busybox echo 'hidden away'; :",
      );
      t.equal(ran.stdout, "hidden away\n", ran.stderr);
      const inMemory = await daemon.alert(ofRule(memoryRule, `memory-${mode}`));
      t.match(inMemory, {
        priority: "Critical",
        output_fields: {
          "proc.exepath": "/memfd:payload",
          "proc.cmdline": /hidden away$/,
          "container.image.repository": "busybox",
          "evt.views": "audit",
        },
      });

      // Long enough for its command line to be looked at, twice.
      await run(`memory-${mode}`, "/tools/memfd-exec", "/bin/busybox", "sleep", "1.4");

      const swapped = await run(
        `swap-${mode}`,
        "/bin/sh",
        "-c",
        "/tools/argv-swap /bin/busybox 1.31 1.3333; :",
      );
      t.equal(swapped.code, 0, swapped.stderr);
      const changed = await daemon.alert(ofRule(changedRule, `swap-${mode}`));
      t.match(changed, { priority: "Critical" });
      t.not(
        changed.output_fields["proc.exeline"],
        changed.output_fields["proc.judged_cmdline"],
        "what was judged, and what runs",
      );

      const before = await daemon.status();
      for (let ran = 0; ran < storm; ran += stormPart) {
        const count = Math.min(stormPart, storm - ran);
        const script = `i=0; while [ $i -lt ${count} ]; do /bin/true; i=$((i+1)); done`;
        t.equal((await run(`storm-${mode}`, "/bin/sh", "-c", script)).code, 0);
      }
      const status = await statusWhen(daemon, (now) => isAccountedFor(now, before, mode));
      t.match(status.gate.counters, { lost: 0, deadlinesMissed: 0 });
      const nothingLost = { lost: 0, overruns: 0, kernelLost: 0, problem: undefined };
      const second = { unread: 0, assembler: { dropped: 0, unended: 0, late: 0 } };
      t.match(status.witness, { role: "owner", ...nothingLost, second });
      if (mode === "full") {
        const agreed = agreedOf(status) - agreedOf(before);
        t.ok(agreed >= storm, `${agreed} execs have the same story in both views`);
        const { join, assembler } = status.witness?.second ?? {};
        t.match(join, { gateMissed: 0, dropped: 0, auditMissed: 0 });
        t.equal(
          sum(join),
          assembler?.["execs"],
          "every exec that audit told of ends in one counter",
        );
      } else {
        t.match(status.witness?.second?.argvCheck, { dropped: 0 });
      }
      t.comment(JSON.stringify(status.witness));
      const unseen = daemon.alerts.filter(({ rule }) => rule === unseenRule);
      t.strictSame(
        unseen.map(({ output }) => output),
        [],
        "nothing went past the gate",
      );
      const alerts = daemon.alerts.filter(
        ({ rule }) => rule === changedRule || rule === memoryRule,
      );
      const accused = (rule: string, place: RegExp): boolean =>
        alerts
          .filter((alert) => alert.rule === rule)
          .every(({ execwarden }) => place.test(execwarden.container?.name ?? ""));
      t.ok(accused(memoryRule, /^memory-/), "nobody else is accused of running from memory");
      t.ok(accused(changedRule, /^swap-/), "nor of having changed a command line");
      await daemon.stop();
      t.equal(count(), 0, "no rule is left");
    });
  }

  await t.test(
    "a daemon that stands still holds nobody up, and tells it all afterwards",
    async (t) => {
      await untilFree(openAudit(t));
      const gate = "250ms";
      const daemon = await startDaemon({
        ...{ dockerHost: engine.host, rules, policies, mode: "enforce", witness: "full", gate },
      });
      t.teardown(() => daemon.stop());
      const name = "standstill";
      // More than the stop lets through: it runs before, meanwhile and after.
      const script = "while [ ! -e /tmp/enough ]; do /bin/true; done";
      await engine.docker(
        ...["run", "--detach", "--network=none", `--name=${name}`, images.busybox],
        ...["/bin/sh", "-c", script],
      );
      t.teardown(() => engine.docker("rm", "--force", name));
      const before = await statusWhen(
        daemon,
        ({ gate }) => gate.counters.seen > 100 && gate.superblocks.length > 0,
      );
      t.match(before.witness, { role: "owner" });
      t.match(before.gate.superblocks, [{ containers: [name], mode: "enforce" }]);

      daemon.signal("SIGSTOP");
      const stopped = setTimeout(stopMs);
      const during = await engine.docker("exec", name, "/bin/echo", "not held up");
      t.equal(during.stdout, "not held up\n", "nobody but the stand-in can have answered");
      await stopped;
      daemon.signal("SIGCONT");

      await engine.docker("exec", name, "/bin/touch", "/tmp/enough");
      await engine.docker("wait", name);
      const after = await statusWhen(daemon, (status) => isSettled(status));
      const { seen, allowed, denied, stoodIn, lost, processGone } = after.gate.counters;
      t.ok(stoodIn > 0, `${stoodIn} execs of ${seen} were answered by the stand-in`);
      t.equal(allowed + denied, seen, "every exec was answered, once");
      t.equal(lost, 0);
      t.match(after.witness, { lost: 0, overruns: 0, kernelLost: 0, second: { unread: 0 } });
      const { join = {}, assembler = {} } = after.witness?.second ?? {};
      // The one that was being read when the stop came may be gone when the reading goes on: audit alone knows it.
      t.ok(processGone <= 1);
      t.match(join, { dropped: 0, auditMissed: 0, gateMissed: processGone });
      t.equal(sum(join), assembler["execs"], "every exec that audit told of ends in one counter");
      t.ok(
        (join["agreed"] ?? 0) + runcExecsMax >= seen,
        "both views know of those that the stand-in answered",
      );
      t.comment(JSON.stringify({ ...after.gate.counters, ...join }));
    },
  );

  await t.test("what a killed daemon left goes with the next one's start", async (t) => {
    const audit = openAudit(t);
    await untilFree(audit);
    const limits = { backlogLimit: 64, backlogWaitTime: 15_000 };
    audit.set(limits);
    const count = (): number | undefined => audit.ourRules()?.length;
    const config = { state_directory: t.testdir() };
    const options = { dockerHost: engine.host, rules, config };
    const first = await startDaemon({ ...options, witness: "gaps" });
    t.equal(count(), 2);
    await first.crash();
    t.equal(count(), 2);
    t.match(statusOf(audit), { backlogLimit: 16_384, backlogWaitTime: 5 });
    const second = await startDaemon({ ...options, witness: "full" });
    t.teardown(() => second.stop());
    t.match(second.log(), /removed audit rules/);
    t.match(second.log(), /undid the audit settings/);
    t.equal(count(), 2);
    await second.crash();
    const third = await startDaemon({ ...options, witness: "off" });
    t.teardown(() => third.stop());
    t.equal(count(), 0, "one without a witness clears up too");
    t.match(statusOf(audit), limits);
  });
}

function sum(counters: Readonly<Record<string, number>> | undefined): number {
  return Object.values(counters ?? {}).reduce((total, count) => total + count, 0);
}

function agreedOf({ witness }: Status): number {
  return witness?.second?.join["agreed"] ?? 0;
}

function isSettled({ gate: { counters }, witness }: Status): boolean {
  const { join = {} } = witness?.second ?? {};
  if (counters.waiting > 0 || join["waiting"] !== 0) return false;
  return sum(join) + runcExecsMax >= counters.seen;
}

// Counters come with the guard thread's heartbeat: one that is old shows a part of the storm.
function isAccountedFor(now: Status, before: Status, mode: "gaps" | "full"): boolean {
  const { join = {}, argvCheck = {} } = now.witness?.second ?? {};
  if ((join["waiting"] ?? 0) + (argvCheck["waiting"] ?? 0) > 0) return false;
  const checked = sum(argvCheck) - sum(before.witness?.second?.argvCheck);
  const isDone = mode === "full" ? agreedOf(now) - agreedOf(before) >= storm : checked >= storm;
  return isDone && now.gate.counters.seen - before.gate.counters.seen >= storm;
}
