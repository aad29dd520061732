// Floods of execs in real containers: nothing is lost without a count, memory stays within its bound, one alarm tells of
// each, and what other containers execute is decided in time. The quick form has fewer execs; FLOODS=full has all.
// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { startDaemon, type AlertLine } from "../support/daemon.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const share = process.env["FLOODS"] === "full" ? 1 : 0.1;
const times = (count: number): number => count * share;
/** MemoryHigh of systemd/execwarden.service, less a margin. */
const residentMax = 350e6;

const rules = `
- rule: Every True
  desc: every run of true, and of its copies by other names
  condition: evt.type in (execve, execveat) and container and (proc.name = true or proc.exepath startswith /tmp/path-)
  output: "true (container=%container.name)"
  priority: NOTICE
- rule: Needle
  desc: what a flood might hide
  condition: evt.type in (execve, execveat) and container and proc.args contains needle
  output: "needle (args=%proc.args)"
  priority: CRITICAL
`;

const policies = `
policies:
  - name: No web fetch
    rules: [Run Web Fetch Program in Container]
    scope: container.name in (quiet, bomb)
    mode: enforce
    actions: [deny]
`;

interface Ended {
  readonly ran: number;
  readonly refused: number;
}

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  const tools = join(engine.directory, "tools");
  mkdirSync(tools);
  const source = fileURLToPath(new URL("../support/flood.c", import.meta.url));
  execFileSync("gcc", ["-static", "-O1", "-o", join(tools, "flood"), source]);
  const daemon = await startDaemon({
    ...{ dockerHost: engine.host, mode: "enforce", rules, policies, gate: "10s" },
    budget: { execs_per_second: 10, burst: 30 },
  });
  t.teardown(() => daemon.stop());
  for (const name of ["flooded", "quiet", "bomb"]) {
    const options = ["--network=none", "--pids-limit=64", `--volume=${tools}:/tools`];
    await engine.docker(
      ...["run", "--detach", `--name=${name}`, ...options],
      ...["--entrypoint=/bin/sleep", images.curl, "600"],
    );
  }

  /** The last words: way, program and its arguments. */
  const flood = async (
    container: string,
    count: number,
    ...[way = "", ...program]: readonly string[]
  ): Promise<Ended> => {
    const argv = ["/tools/flood", way, String(count), ...program];
    const { stdout, stderr } = await engine.docker("exec", container, ...argv);
    const [, ran, refused] = /^ran (\d+) refused (\d+)$/m.exec(stdout) ?? [];
    if (ran === undefined) throw new Error(`cannot flood: ${stdout} ${stderr}`);
    return { ran: Number(ran), refused: Number(refused) };
  };
  const rowsOf = (rule: string, container: string): readonly AlertLine[] =>
    daemon.alerts.filter(
      (alert) => alert.rule === rule && alert.execwarden.container?.name === container,
    );
  const overAfter = async (before: number): Promise<AlertLine> => {
    const isOver = (alert: AlertLine): boolean => alert.rule === "Exec Flood in Container Ended";
    return daemon.alert((alert) => isOver(alert) && daemon.alerts.indexOf(alert) >= before);
  };
  /** What was sent and what was counted of a rule since; for one flood, when it is over. */
  const toldSince = async (
    before: number,
    rule: string,
  ): Promise<{ readonly sent: number; readonly suppressed: number; readonly execs: number }> => {
    const { output_fields: fields } = await overAfter(before);
    const suppressed = String(fields["execwarden.suppressed_rules"]);
    const [, count = "0"] = new RegExp(`${rule}: (\\d+)`).exec(suppressed) ?? [];
    return {
      sent: daemon.alerts.slice(before).filter((alert) => alert.rule === rule).length,
      suppressed: Number(count),
      execs: Number(fields["execwarden.execs"]),
    };
  };
  /** Each is sent or counted, but those whose call could not be read in time: they have no name, and are counted too. */
  const checkSum = async (t: Test, told: number, expected: number): Promise<void> => {
    const { argvUnknown, processGone } = (await daemon.status()).gate.counters;
    const unknown = argvUnknown + processGone;
    t.ok(
      told <= expected && told >= expected - unknown,
      `${told} of ${expected} told or counted, ${unknown} without a name`,
    );
  };
  const residentBytes = (): number =>
    Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${daemon.pid}/status`, "utf8"))?.[1]) * 1024;

  await t.test(
    "execs as fast as they go: one alarm, the needle, and no one else waits",
    async (t) => {
      const count = times(10_000);
      const trues = (): Promise<Ended> => flood("flooded", count, "loop", "/bin/true");
      const floods = Promise.all([trues(), trues()]);
      const begun = await daemon.alert(({ rule }) => rule === "Exec Flood in Container");
      t.match(begun, {
        ...{ priority: "Warning", source: "execwarden" },
        execwarden: { container: { name: "flooded" } },
        output_fields: { "execwarden.burst": 30, "execwarden.execs_per_second": 10 },
      });
      t.equal((await engine.docker("exec", "flooded", "/bin/true", "needle")).code, 0);
      const { stderr } = await engine.docker("exec", "quiet", "/usr/bin/curl", "-V");
      t.match(stderr, /operation not permitted/i);
      t.equal((await engine.docker("exec", "quiet", "/bin/true")).code, 0);
      t.match(await floods, [
        { ran: count, refused: 0 },
        { ran: count, refused: 0 },
      ]);
      await daemon.alert(({ rule, output }) => rule === "Needle" && output.includes("needle"));
      await daemon.alert(({ execwarden }) => execwarden.verdict === "deny");
      const { sent, suppressed, execs } = await toldSince(0, "Every True");
      const ofQuiet = rowsOf("Every True", "quiet").length;
      t.equal(ofQuiet, 1, "another container's alerts are its own");
      await checkSum(t, sent - ofQuiet + suppressed, 2 * count + 1);
      t.ok(suppressed > 2 * count - 250, `${suppressed} were counted`);
      t.ok(execs > 2 * count - 200, `${execs} execs are told`);
      t.equal(rowsOf("Exec Flood in Container", "flooded").length, 1);
      t.match(await daemon.status(), { floods: { floods: 1, active: [], suppressed } });
    },
  );

  await t.test("a fork bomb within its pids limit: each exec is refused", async (t) => {
    const before = daemon.alerts.length;
    const count = times(4_000);
    t.strictSame(await flood("bomb", count, "bomb", "/usr/bin/curl"), { ran: 0, refused: count });
    const { sent, suppressed } = await toldSince(before, "Run Web Fetch Program in Container");
    t.equal(sent + suppressed, count);
    t.equal(rowsOf("Exec Flood in Container", "bomb").length, 1);
  });

  await t.test("very many paths are told apart up to a bound, and counted beyond", async (t) => {
    const before = daemon.alerts.length;
    const count = times(10_000);
    t.strictSame(await flood("flooded", count, "paths", "/bin/busybox", "true"), {
      ran: count,
      refused: 0,
    });
    const { sent, suppressed } = await toldSince(before, "Every True");
    t.equal(sent + suppressed, count);
    t.ok(sent >= 250 && sent < 500, `${sent} sent`);
  });

  for (const way of ["long-arguments", "many-arguments"]) {
    await t.test(`${way}: two megabytes, or a hundred thousand`, async (t) => {
      const before = daemon.alerts.length;
      const count = times(600);
      t.strictSame(await flood("flooded", count, way, "/bin/true"), { ran: count, refused: 0 });
      const { sent, suppressed } = await toldSince(before, "Every True");
      await checkSum(t, sent + suppressed, count);
    });
  }

  await t.test("nothing was lost, nobody was late, and memory is within its bound", async (t) => {
    const { gate, alerts } = await daemon.status();
    t.match(gate.counters, {
      ...{ lost: 0, alertsLost: 0, deadlinesMissed: 0, decisionFailures: 0 },
      ...{ readErrors: 0, ticketsExhausted: 0, waiting: 0 },
    });
    t.equal(alerts, daemon.alerts.length);
    t.ok(residentBytes() < residentMax, `${residentBytes() / 1e6} MB`);
  });
}
