// Every technique of the table, in real containers: what is expected of each is what is seen. The quick form leaves the
// slow ones out; EVASION=full tries all.
// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { requireEngine, startEngine } from "../support/engine.ts";
import { startRemappedEngine } from "../support/remapped-engine.ts";
import { openStage, type Stage, type StageOptions } from "./stage.ts";
import { techniques } from "./techniques.ts";
import { layTools } from "./tools.ts";

const isFull = process.env["EVASION"] === "full";
/** Containers that are started, a few at a time, with a first exec that must not run. */
const starts = isFull ? 500 : 16;
const tableFile = process.env["EVASION_TABLE"];
const tried = techniques.filter(({ isSlow }) => isSlow !== true || isFull);
const rows = [rowOf(["technique", "expected", "seen", "time to action"])];

if (requireEngine(t)) {
  const tools = mkdtempSync(join(tmpdir(), "evasion-"));
  t.teardown(() => {
    rmSync(tools, { recursive: true, force: true });
  });
  chmodSync(tools, 0o755);
  await layTools(tools);
  await t.test("an ordinary engine", { timeout: 1_200_000 }, async (t) => {
    const engine = await startEngine();
    t.teardown(() => engine.stop());
    const ordinary = tried.filter(({ engine }) => engine === undefined);
    await onStage(t, { engine, tools, techniques: ordinary }, async (stage) => {
      await t.test(`the entry point is denied, ${starts} times of ${starts}`, async (t) => {
        const { denied } = await stage.startMany(starts);
        t.equal(denied, starts);
        const entryPoints = `entry point, ${starts} starts, four at a time`;
        tell([entryPoints, `denied: ${starts}`, `denied: ${denied}`]);
      });
    });
  });
  await t.test("an engine with user namespaces", async (t) => {
    const { engine, runBy } = await startRemappedEngine();
    t.teardown(() => engine.stop());
    const remapped = tried.filter(({ engine }) => engine === "remapped");
    await onStage(t, { engine, tools, techniques: remapped, runBy });
  });
}

/** Tries the techniques one after the other, then whatever else. */
async function onStage(
  t: Test,
  options: StageOptions,
  then?: (stage: Stage) => Promise<void>,
): Promise<void> {
  const stage = await openStage(options);
  t.teardown(() => stage.daemon.stop());
  for (const technique of options.techniques) {
    await t.test(technique.name, async (t) => {
      const { seen, tookMs, told } = await stage.attempt(technique);
      t.equal(seen, technique.expected, technique.expected, { told });
      const took = tookMs === undefined ? "" : `${tookMs.toFixed(1)} ms`;
      tell([technique.name, technique.expected, seen, took]);
    });
  }
  await then?.(stage);
  await t.test("nothing was lost, or late", async (t) => {
    const { gate } = await stage.daemon.status();
    t.match(gate.counters, { lost: 0, deadlinesMissed: 0 });
  });
}

function tell(row: readonly string[]): void {
  rows.push(rowOf(row));
  if (tableFile !== undefined) writeFileSync(tableFile, `${rows.join("\n")}\n`);
}

function rowOf([name = "", expected = "", seen = "", took = ""]: readonly string[]): string {
  return `${name.padEnd(70)} ${expected.padEnd(20)} ${seen.padEnd(20)} ${took}`.trimEnd();
}
