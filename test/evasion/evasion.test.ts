// Every technique of the table, in real containers: what is expected of each is what is seen. The quick form leaves the
// slow ones out; EVASION=full tries all.
// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import t from "tap";
import { requireEngine, startEngine } from "../support/engine.ts";
import { openStage } from "./stage.ts";
import { techniques } from "./techniques.ts";

const isFull = process.env["EVASION"] === "full";
const tableFile = process.env["EVASION_TABLE"];

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  const stage = await openStage(engine);
  t.teardown(() => stage.close());
  const rows: string[] = [];
  for (const technique of techniques) {
    if (technique.isSlow === true && !isFull) continue;
    const { seen, tookMs, told } = await stage.attempt(technique);
    t.equal(seen, technique.expected, `${technique.name} is ${technique.expected}`, { told });
    rows.push(
      [
        technique.name.padEnd(46),
        technique.expected.padEnd(20),
        seen.padEnd(20),
        tookMs === undefined ? "" : `${tookMs.toFixed(0)} ms`,
      ].join(" "),
    );
  }
  const { gate } = await stage.daemon.status();
  t.match(gate.counters, { lost: 0, deadlinesMissed: 0 }, "nothing was lost, or late");
  const head = ["technique".padEnd(46), "expected".padEnd(20), "seen".padEnd(20), "time"].join(" ");
  const table = `${[head, ...rows].join("\n")}\n`;
  if (tableFile !== undefined) writeFileSync(tableFile, table);
}
