// What an exec costs: bare, observed and held, in a container and on the host.
// SPDX-License-Identifier: Apache-2.0
import type { DaemonRun } from "./daemon-run.ts";
import { policyThat, programs, type Lab } from "./lab.ts";
import { microseconds, milliseconds, overheadText, type Row } from "./report.ts";
import { median, quantile } from "./samples.ts";

/** Sizes of the measurement. */
export interface ExecCostSizes {
  readonly rounds: number;
  /** Execs of each kind in each round. */
  readonly count: number;
}

type Situation = "bare" | "observed" | "held";

interface Round {
  /** Nanoseconds of each exec. */
  readonly container: readonly number[];
  readonly host: readonly number[];
  /** The daemon's processor time per exec in the container, nanoseconds. */
  readonly cpuNs: number;
}

const situations: readonly Situation[] = ["bare", "observed", "held"];
const container = "exec-cost";
const observedMax = 1.1;
const heldMax = 1.3;
const heldP99MsMax = 2;
const cpuUsMax = 60;
/** A host exec is never held or seen: what remains is the noise of the machine. */
const hostNoiseMax = 1.03;

/** Measures in interleaved rounds, every other one backwards; ratios are of one round, and their median counts. */
export async function measureExecCost(lab: Lab, sizes: ExecCostSizes): Promise<readonly Row[]> {
  await lab.startContainer(container);
  const rounds = new Map<Situation, Round[]>(situations.map((situation) => [situation, []]));
  for (let round = 0; round < sizes.rounds; round++) {
    const order = round % 2 === 0 ? situations : [...situations].reverse();
    for (const situation of order) {
      rounds.get(situation)?.push(await measureRound(lab, situation, sizes.count));
    }
  }
  await lab.docker("rm", "--force", container);
  return rowsOf(rounds, sizes);
}

async function measureRound(lab: Lab, situation: Situation, count: number): Promise<Round> {
  const loop = { count, program: programs.quiet };
  const daemon = await startDaemonFor(lab, situation);
  try {
    // Also warms the daemon's code up.
    await lab.execInContainer(container, { ...loop, count: Math.ceil(count / 4) });
    await check(daemon, situation);
    await daemon?.idle();
    const cpuBeforeNs = daemon?.cpuNs() ?? 0;
    const inContainer = await lab.execInContainer(container, loop);
    await daemon?.idle();
    const cpuNs = ((daemon?.cpuNs() ?? 0) - cpuBeforeNs) / count;
    return { container: inContainer, host: await lab.execOnHost(loop), cpuNs };
  } finally {
    if (daemon !== undefined) await lab.stopDaemon(daemon);
  }
}

async function startDaemonFor(lab: Lab, situation: Situation): Promise<DaemonRun | undefined> {
  switch (situation) {
    case "bare":
      return undefined;
    case "observed":
      return lab.startDaemon({ mode: "monitor" });
    case "held":
      return lab.startDaemon({ mode: "enforce", policies: policyThat("deny") });
  }
}

// Numbers of a container that was not treated as they say would be worse than none.
async function check(daemon: DaemonRun | undefined, situation: Situation): Promise<void> {
  if (daemon === undefined) return;
  const mode = situation === "held" ? "enforce" : "observe";
  // The status is a second old at most.
  for (let attempt = 0; attempt < 30; attempt++) {
    const { gate } = await daemon.status();
    const own = gate.superblocks.filter(({ containers }) => containers.includes(container));
    if (gate.counters.seen > 0 && own.some((superblock) => superblock.mode === mode)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`cannot measure ${situation} execs: the container is not in mode ${mode}`);
}

function rowsOf(rounds: ReadonlyMap<Situation, readonly Round[]>, sizes: ExecCostSizes): Row[] {
  const of = (situation: Situation): readonly Round[] => rounds.get(situation) ?? [];
  const samples = `${sizes.rounds} × ${sizes.count}`;
  const ratioRow = (what: string, place: "container" | "host", options: RatioOptions): Row => {
    const medians = (situation: Situation): readonly number[] =>
      of(situation).map((round) => median(round[place]));
    const bare = medians("bare");
    const other = medians(options.situation);
    const ratio = median(other.map((ns, round) => ns / (bare[round] ?? ns)));
    return {
      what,
      measured: overheadText(ratio),
      aim: { text: options.aim, isMet: ratio <= options.max },
      samples,
      detail: `${microseconds(median(bare))} → ${microseconds(median(other))}`,
    };
  };
  const p99Ms = (situation: Situation): number =>
    median(of(situation).map((round) => quantile(round.container, 0.99))) / 1e6;
  return [
    ratioRow("exec observed, over a bare one", "container", {
      situation: "observed",
      max: observedMax,
      aim: "≤ +10 %",
    }),
    ratioRow("exec held for a decision, over a bare one", "container", {
      situation: "held",
      max: heldMax,
      aim: "≤ +30 %",
    }),
    {
      what: "exec held, slowest 1 %",
      measured: `× ${(p99Ms("held") / p99Ms("bare")).toFixed(2)} of bare`,
      aim: { text: "p99 ≤ 2 ms", isMet: p99Ms("held") <= heldP99MsMax },
      samples,
      detail: `p99 ${milliseconds(p99Ms("bare"))} → ${milliseconds(p99Ms("held"))}`,
    },
    ratioRow("exec on the host, daemon observing", "host", hostOptions("observed")),
    ratioRow("exec on the host, daemon enforcing", "host", hostOptions("held")),
    ...(["observed", "held"] as const).map((situation) =>
      cpuRow(situation, of(situation), samples),
    ),
  ];
}

interface RatioOptions {
  readonly situation: Situation;
  readonly max: number;
  readonly aim: string;
}

function hostOptions(situation: Situation): RatioOptions {
  return { situation, max: hostNoiseMax, aim: "≤ +3 % (noise)" };
}

function cpuRow(situation: string, rounds: readonly Round[], samples: string): Row {
  const cpuUs = median(rounds.map(({ cpuNs }) => cpuNs)) / 1000;
  return {
    what: `daemon CPU per exec, ${situation}`,
    measured: `${cpuUs.toFixed(0)} µs`,
    aim: { text: `≤ ${cpuUsMax} µs`, isMet: cpuUs <= cpuUsMax },
    samples,
  };
}
