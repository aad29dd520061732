// `make bench`: one table of ratios from one run, on an engine of its own. Needs root, Docker's programs, gcc
// and busybox. Ratios hold for the machine they were taken on; docs/performance.md tells how to read them.
// SPDX-License-Identifier: Apache-2.0
import { availableParallelism, loadavg, release } from "node:os";
import { parseArgs } from "node:util";
import { engineMissing } from "../test/support/engine.ts";
import { measureActions } from "./actions.ts";
import { measureAlerts } from "./alerts.ts";
import { measureControl } from "./control.ts";
import { measureDoor } from "./door.ts";
import { measureExecCost } from "./exec-cost.ts";
import { measureIdle, startRows } from "./footprint.ts";
import { Lab } from "./lab.ts";
import { tableText, type Row } from "./report.ts";
import { measureRulesCost } from "./rules-cost.ts";
import { full, quick, type Sizes } from "./sizes.ts";
import { measureWitnessCost } from "./witness-cost.ts";

const help = `Usage: make bench ARGS="[--quick] [--json] [--only NAME]"

  --quick      fewer samples: a minute instead of some, and less to be trusted
  --json       the rows as JSON on standard output
  --only NAME  one part: exec, witness, alerts, actions, control, door, idle or rules
  --help       this

Needs root, docker.io, busybox-static and gcc. Ctrl-C ends it and cleans up.
Exit code: 0 when it could measure, whether the aims are met or not; 1 when not; 2 for a wrong command line.
`;

const usageError = 2;
const interrupted = 130;

interface Part {
  readonly name: string;
  readonly title: string;
  readonly measure: (lab: Lab, sizes: Sizes) => Promise<readonly Row[]> | readonly Row[];
}

const parts: readonly Part[] = [
  {
    name: "exec",
    title: "exec: bare, observed, held; on the host",
    measure: (lab, { exec }) => measureExecCost(lab, exec),
  },
  {
    name: "witness",
    title: "witness: off, gaps, full",
    measure: (lab, { witness }) => measureWitnessCost(lab, witness),
  },
  {
    name: "alerts",
    title: "alerts: eight starts at once, latency, loss, memory",
    measure: (lab, { alerts }) => measureAlerts(lab, alerts),
  },
  {
    name: "actions",
    title: "actions: pause and kill beside the bare calls",
    measure: (lab, { actions }) => measureActions(lab, actions),
  },
  {
    name: "control",
    title: "control: a reload, followers, webhooks",
    measure: (lab, { control }) => measureControl(lab, control),
  },
  {
    name: "door",
    title: "the authorization plugin",
    measure: (lab, { door }) => measureDoor(lab, door),
  },
  { name: "idle", title: "a quiet daemon", measure: (lab, { idleMs }) => measureIdle(lab, idleMs) },
  { name: "rules", title: "rules", measure: (_lab, { rules }) => measureRulesCost(rules) },
];

function say(text: string): void {
  process.stderr.write(text);
}

async function measureAll(lab: Lab, wanted: readonly Part[], sizes: Sizes): Promise<Row[]> {
  say("bench: engine, image and programs …\n");
  await lab.build();
  const rows: Row[] = [];
  for (const { title, measure } of wanted) {
    const startMs = performance.now();
    say(`bench: ${title} … `);
    rows.push(...(await measure(lab, sizes)));
    say(`${((performance.now() - startMs) / 1000).toFixed(0)} s\n`);
  }
  if (lab.startTimesMs.length > 0) rows.push(...startRows(lab));
  return rows;
}

/** Whoever reads the numbers must know whether the machine had other work. */
function machineText(loadBefore: number): string {
  const [loadNow = 0] = loadavg();
  const processors = availableParallelism();
  const load = `load ${loadBefore.toFixed(1)} before and ${loadNow.toFixed(1)} after`;
  return `Linux ${release()}, Node ${process.versions.node}, ${processors} processors, ${load}`;
}

/** Resolves when a person or a service manager wants an end. */
function stopAsked(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      // Kept for good: a second Ctrl-C must not cut the cleaning up short.
      process.on(signal, () => {
        resolve(undefined);
      });
    }
  });
}

function readArguments(): { wanted: readonly Part[]; sizes: Sizes; isJson: boolean } | undefined {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      only: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  const wanted = parts.filter(({ name }) => values.only === undefined || name === values.only);
  if (wanted.length === 0) throw new Error(`cannot measure "${values.only ?? ""}"; try --help`);
  return { wanted, sizes: values.quick ? quick : full, isJson: values.json };
}

async function run(wanted: readonly Part[], sizes: Sizes): Promise<readonly Row[] | undefined> {
  const lab = new Lab();
  const measured = measureAll(lab, wanted, sizes);
  try {
    return await Promise.race([measured, stopAsked()]);
  } finally {
    await lab.strike();
    await Promise.allSettled([measured]);
  }
}

async function main(): Promise<number> {
  let asked: ReturnType<typeof readArguments>;
  try {
    asked = readArguments();
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n`);
    return usageError;
  }
  if (asked === undefined) {
    process.stdout.write(help);
    return 0;
  }
  const missing = engineMissing();
  if (missing !== undefined) {
    say(`cannot measure: ${missing}\n`);
    return 1;
  }
  const [loadBefore = 0] = loadavg();
  try {
    const rows = await run(asked.wanted, asked.sizes);
    if (rows === undefined) return interrupted;
    const machine = machineText(loadBefore);
    const json = (): string => JSON.stringify({ machine, rows }, undefined, 2);
    process.stdout.write(asked.isJson ? `${json()}\n` : `${tableText(rows)}\n${machine}\n`);
    return 0;
  } catch (error) {
    say(`\ncannot measure: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

process.exitCode = await main();
