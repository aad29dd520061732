// What the second view adds to an exec in a container: witness off, gaps and full, over a bare exec.
// SPDX-License-Identifier: Apache-2.0
import type { Status } from "../daemon/model/status.ts";
import type { DaemonRun } from "./daemon-run.ts";
import type { ExecCostSizes } from "./exec-cost.ts";
import { programs, type Lab } from "./lab.ts";
import { microseconds, overheadText, type Row } from "./report.ts";
import { median } from "./samples.ts";

const modes = ["bare", "off", "gaps", "full"] as const;
type Mode = (typeof modes)[number];

interface Round {
  /** Median of the execs, nanoseconds. */
  readonly execNs: number;
  /** The daemon's processor time per exec, nanoseconds. */
  readonly cpuNs: number;
  /** Execs and records that went missing. */
  readonly lost: number;
}

const container = "witness-cost";
const checkTries = 30;
const checkEveryMs = 100;

/** Measures in interleaved rounds, every other one backwards, as the cost of the gate is measured. */
export async function measureWitnessCost(lab: Lab, sizes: ExecCostSizes): Promise<readonly Row[]> {
  await lab.startContainer(container);
  const rounds = new Map<Mode, Round[]>(modes.map((mode) => [mode, []]));
  for (let round = 0; round < sizes.rounds; round++) {
    for (const mode of round % 2 === 0 ? modes : [...modes].reverse()) {
      rounds.get(mode)?.push(await measureRound(lab, mode, sizes.count));
    }
  }
  await lab.docker("rm", "--force", container);
  return rowsOf((mode) => rounds.get(mode) ?? [], `${sizes.rounds} × ${sizes.count}`);
}

async function measureRound(lab: Lab, mode: Mode, count: number): Promise<Round> {
  const loop = { count, program: programs.quiet };
  const daemon =
    mode === "bare" ? undefined : await lab.startDaemon({ mode: "monitor", witness: mode });
  try {
    await lab.execInContainer(container, { ...loop, count: Math.ceil(count / 4) });
    if (daemon !== undefined) await check(daemon, mode);
    await daemon?.idle();
    const cpuBeforeNs = daemon?.cpuNs() ?? 0;
    const execNs = median(await lab.execInContainer(container, loop));
    await daemon?.idle();
    const cpuNs = ((daemon?.cpuNs() ?? 0) - cpuBeforeNs) / count;
    return { execNs, cpuNs, lost: daemon === undefined ? 0 : lostOf(await daemon.status()) };
  } finally {
    if (daemon !== undefined) await lab.stopDaemon(daemon);
  }
}

// A witness that does not hear, or does not hear of this container, would cost nothing.
async function check(daemon: DaemonRun, mode: Mode): Promise<void> {
  for (let attempt = 0; attempt < checkTries; attempt++) {
    if (isAtWork(mode, await daemon.status())) return;
    await new Promise((resolve) => setTimeout(resolve, checkEveryMs));
  }
  throw new Error(`cannot measure witness ${mode}: it does not see the container's execs`);
}

function isAtWork(mode: Mode, { witness }: Status): boolean {
  if (mode === "off" || witness?.second === undefined) return mode === "off";
  const { join, argvCheck } = witness.second;
  const compared =
    mode === "full" ? join["agreed"] : (argvCheck["gone"] ?? 0) + (argvCheck["same"] ?? 0);
  return witness.role !== "none" && (compared ?? 0) > 0;
}

function lostOf({ gate, witness }: Status): number {
  const { lost = 0, overruns = 0, kernelLost = 0, second } = witness ?? {};
  const dropped = (second?.join["dropped"] ?? 0) + (second?.argvCheck["dropped"] ?? 0);
  return gate.counters.lost + lost + overruns + kernelLost + dropped;
}

function rowsOf(of: (mode: Mode) => readonly Round[], samples: string): readonly Row[] {
  const bare = of("bare").map(({ execNs }) => execNs);
  return modes
    .filter((mode) => mode !== "bare")
    .map((mode) => {
      const rounds = of(mode);
      const execs = rounds.map(({ execNs }) => execNs);
      const ratio = median(execs.map((ns, round) => ns / (bare[round] ?? ns)));
      const cpu = microseconds(median(rounds.map(({ cpuNs }) => cpuNs)));
      const lost = rounds.reduce((sum, round) => sum + round.lost, 0);
      return {
        what: `exec observed, witness ${mode}, over a bare one`,
        measured: overheadText(ratio),
        samples,
        detail: `${microseconds(median(bare))} → ${microseconds(median(execs))}, ${cpu} CPU each, lost: ${lost}`,
      };
    });
}
