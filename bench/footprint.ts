// What the daemon needs when nothing happens, and how soon it guards.
// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from "node:timers/promises";
import type { Lab } from "./lab.ts";
import { milliseconds, type Row } from "./report.ts";
import { median } from "./samples.ts";

const settleMs = 2_000;
const idlePercentMax = 0.3;
const startMsMax = 1_000;

/** Watches a daemon that has one quiet container to guard, for so long. */
export async function measureIdle(lab: Lab, watchMs: number): Promise<readonly Row[]> {
  const daemon = await lab.startDaemon({ mode: "monitor" });
  await lab.startContainer("idle");
  await delay(settleMs);
  const beforeNs = daemon.cpuNs();
  await delay(watchMs);
  const percent = ((daemon.cpuNs() - beforeNs) / 1e6 / watchMs) * 100;
  const residentMb = daemon.residentBytes() / 1e6;
  await lab.docker("rm", "--force", "idle");
  await lab.stopDaemon(daemon);
  return [
    {
      what: "idle CPU, of one processor",
      measured: `${percent.toFixed(2)} %`,
      aim: { text: `≤ ${idlePercentMax} %`, isMet: percent <= idlePercentMax },
      samples: `${watchMs / 1000} s`,
      detail: `${residentMb.toFixed(0)} MB`,
    },
  ];
}

/** How long the daemons of this run took to start. */
export function startRows(lab: Lab): readonly Row[] {
  const startMs = median(lab.startTimesMs);
  return [
    {
      what: "start of the process to guarding",
      measured: milliseconds(startMs),
      aim: { text: "≤ 1 s", isMet: startMs <= startMsMax },
      samples: String(lab.startTimesMs.length),
    },
  ];
}
