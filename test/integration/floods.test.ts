// Floods of execs in real containers: nothing is lost without a count, memory stays within its bound, one alarm tells of
// each, and what other containers execute is decided in time. The quick form has fewer execs; FLOODS=full has all.
// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import t from "tap";
import type { Status } from "../../daemon/model/status.ts";
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

const waitMs = 60_000;

/** How much there was of alerts, and of execs without a name. */
interface Begin {
  readonly alerts: number;
  readonly nameless: number;
}

interface Told {
  readonly floods: number;
  readonly isOver: boolean;
  readonly sent: number;
  readonly suppressed: number;
  readonly execs: number;
}

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
  const nameless = async (): Promise<number> => {
    const { argvUnknown, processGone } = (await daemon.status()).gate.counters;
    return argvUnknown + processGone;
  };
  const begin = async (): Promise<Begin> => ({
    alerts: daemon.alerts.length,
    nameless: await nameless(),
  });
  /** What was sent and what was counted of a rule since; how many floods began, and whether all are over. */
  const toldSince = ({ alerts }: Begin, rule: string): Told => {
    const since = daemon.alerts.slice(alerts);
    const over = since.filter((alert) => alert.rule === "Exec Flood in Container Ended");
    const suppressed = over.map(({ output_fields: fields }) => {
      const text = String(fields["execwarden.suppressed_rules"]);
      const [, count = "0"] = new RegExp(`${rule}: (\\d+)`).exec(text) ?? [];
      return Number(count);
    });
    const floods = since.filter((alert) => alert.rule === "Exec Flood in Container").length;
    return {
      floods,
      isOver: over.length === floods,
      sent: since.filter((alert) => alert.rule === rule).length,
      suppressed: sum(suppressed),
      execs: sum(over.map(({ output_fields: fields }) => Number(fields["execwarden.execs"]))),
    };
  };
  /**
   * Waits until each exec was sent or counted, but those whose call could not be read in time: they have no name, and are
   * counted too. A machine that has other work makes one flood into several, or into none that is fast enough to be one.
   */
  const allTold = async (before: Begin, rule: string, expected: number): Promise<Told> => {
    const endMs = performance.now() + waitMs;
    for (;;) {
      const told = toldSince(before, rule);
      const unknown = (await nameless()) - before.nameless;
      const missing = expected - told.sent - told.suppressed;
      if (told.isOver && missing >= 0 && missing <= unknown) return told;
      if (performance.now() > endMs || missing < 0)
        throw new Error(`${missing} of ${expected} missing: ${JSON.stringify(told)}`);
      await delay(50);
    }
  };
  const statusOnce = async (isWanted: (status: Status) => boolean): Promise<Status> => {
    const endMs = performance.now() + waitMs;
    for (;;) {
      const status = await daemon.status();
      if (isWanted(status)) return status;
      if (performance.now() > endMs) throw new Error(`not so: ${JSON.stringify(status.floods)}`);
      await delay(50);
    }
  };
  const residentBytes = (): number =>
    Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${daemon.pid}/status`, "utf8"))?.[1]) * 1024;

  await t.test(
    "execs as fast as they go: one alarm, the needle, and no one else waits",
    async (t) => {
      const before = await begin();
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
      // The needle is one more, and what the other container ran.
      const {
        floods: told,
        suppressed,
        execs,
      } = await allTold(before, "Every True", 2 * count + 2);
      t.equal(rowsOf("Every True", "quiet").length, 1, "another container's alerts are its own");
      t.ok(suppressed > 2 * count - 250 * told, `${suppressed} were counted`);
      t.ok(execs > 2 * count - 200 * told, `${execs} execs are told`);
      t.equal(rowsOf("Exec Flood in Container", "flooded").length, told);
      const status = await statusOnce(({ floods: { active } }) => active.length === 0);
      t.match(status, { floods: { floods: told, suppressed } });
    },
  );

  await t.test("a fork bomb within its pids limit: each exec is refused", async (t) => {
    const before = await begin();
    const count = times(4_000);
    t.strictSame(await flood("bomb", count, "bomb", "/usr/bin/curl"), { ran: 0, refused: count });
    const { floods } = await allTold(before, "Run Web Fetch Program in Container", count);
    t.equal(rowsOf("Exec Flood in Container", "bomb").length, floods);
  });

  await t.test("very many paths are told apart up to a bound, and counted beyond", async (t) => {
    const before = await begin();
    const count = times(10_000);
    t.strictSame(await flood("flooded", count, "paths", "/bin/busybox", "true"), {
      ran: count,
      refused: 0,
    });
    const { sent, floods } = await allTold(before, "Every True", count);
    t.ok(sent >= 250 && sent < 500 * floods, `${sent} sent`);
  });

  for (const way of ["long-arguments", "many-arguments"]) {
    await t.test(`${way}: two megabytes, or a hundred thousand`, async (t) => {
      const before = await begin();
      const count = times(600);
      t.strictSame(await flood("flooded", count, way, "/bin/true"), { ran: count, refused: 0 });
      const { sent } = await allTold(before, "Every True", count);
      t.ok(sent > 0);
    });
  }

  await t.test("nothing was lost, nobody was late, and memory is within its bound", async (t) => {
    const { gate } = await statusOnce(({ alerts }) => alerts === daemon.alerts.length);
    t.match(gate.counters, {
      ...{ lost: 0, alertsLost: 0, deadlinesMissed: 0, decisionFailures: 0 },
      ...{ readErrors: 0, ticketsExhausted: 0, waiting: 0 },
    });
    t.ok(residentBytes() < residentMax, `${residentBytes() / 1e6} MB`);
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
