// Every technique of the table, in real containers: what is expected of each is what is seen. The quick form leaves the
// slow ones out; EVASION=full tries all.
// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import t from "tap";
import { requireEngine, startEngine } from "../support/engine.ts";
import { openStage } from "./stage.ts";
import { techniques } from "./techniques.ts";

const isFull = process.env["EVASION"] === "full";
/** Containers that are started, a few at a time, with a first exec that must not run. */
const starts = isFull ? 500 : 16;
const tableFile = process.env["EVASION_TABLE"];

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  const stage = await openStage(engine);
  t.teardown(() => stage.close());
  const rows = [rowOf(["technique", "expected", "seen", "time to action"])];
  for (const technique of techniques) {
    if (technique.isSlow === true && !isFull) continue;
    await t.test(technique.name, async (t) => {
      const { seen, tookMs, told } = await stage.attempt(technique);
      t.equal(seen, technique.expected, technique.expected, { told });
      const took = tookMs === undefined ? "" : `${tookMs.toFixed(1)} ms`;
      rows.push(rowOf([technique.name, technique.expected, seen, took]));
      if (tableFile !== undefined) writeFileSync(tableFile, `${rows.join("\n")}\n`);
    });
  }
  await t.test(`the entry point is denied, ${starts} times of ${starts}`, async (t) => {
    const { denied } = await stage.startMany(starts);
    t.equal(denied, starts);
  });
  await t.test("nothing was lost, or late", async (t) => {
    const { gate } = await stage.daemon.status();
    t.match(gate.counters, { lost: 0, deadlinesMissed: 0 });
  });
}

function rowOf([name = "", expected = "", seen = "", took = ""]: readonly string[]): string {
  return `${name.padEnd(46)} ${expected.padEnd(20)} ${seen.padEnd(20)} ${took}`.trimEnd();
}
