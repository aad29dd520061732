// What operators and receivers cost: a reload of many rules, followers of the events, webhooks that are slow or dead.
// SPDX-License-Identifier: Apache-2.0
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "../test/support/until.ts";
import type { DaemonRun } from "./daemon-run.ts";
import { Followers } from "./followers.ts";
import { policyThat, programs, refusedRule, type DaemonSetup, type Lab } from "./lab.ts";
import { microseconds, milliseconds, overheadText, type Row } from "./report.ts";
import { median } from "./samples.ts";
import { upstreamFiles, upstreamVariable } from "./upstream.ts";

/** Sizes of the measurement. */
export interface ControlSizes {
  readonly reloads: number;
  readonly rounds: number;
  /** Held execs of each kind in each round, each of them an alert. */
  readonly count: number;
}

const container = "control";
/** Of the hundred, as many again read nothing. */
const quickFollowers = 50;
const slowFollowers = 50;
const pauseUs = 20_000;
const slowAnswerMs = 2_000;
const drainTimeoutMs = 60_000;
/** The decision path has no part in any of it: what remains is the processor time that they take from it. */
const ratioMax = 1.1;
/** A slice of a reload that nothing can be decided in must leave room before the deadline of 250 ms. */
const sliceMsMax = 50;

/** Measures all of it. */
export async function measureControl(lab: Lab, sizes: ControlSizes): Promise<readonly Row[]> {
  return [...(await measureReload(lab, sizes.reloads)), ...(await measureReceivers(lab, sizes))];
}

async function measureReload(lab: Lab, times: number): Promise<readonly Row[]> {
  const files = upstreamFiles();
  if (files === undefined) {
    const what = `reload with upstream rules: not measured, ${upstreamVariable} is not set`;
    return [{ what, measured: "", samples: String(times) }];
  }
  const config = { rules: [{ enable: { rule: "*" } }] };
  const daemon = await lab.startDaemon({ mode: "enforce", rulesFiles: files, config });
  const tookMs: number[] = [];
  const slicesMs: number[] = [];
  // The first is for warming up.
  for (let time = 0; time <= times; time++) {
    const report = await daemon.reload();
    if (time === 0) continue;
    tookMs.push(report.tookMs);
    slicesMs.push(report.longestSliceMs);
  }
  const { enabled } = (await daemon.status()).rules;
  await lab.stopDaemon(daemon);
  const longestMs = Math.max(...slicesMs);
  return [
    {
      what: `reload with upstream rules, ${enabled} rules in force`,
      measured: milliseconds(median(tookMs)),
      samples: String(times),
    },
    {
      what: "longest time meanwhile in which no exec was decided",
      measured: milliseconds(longestMs),
      aim: { text: `≤ ${sliceMsMax} ms`, isMet: longestMs <= sliceMsMax },
      samples: String(times),
    },
  ];
}

type Situation = "alone" | "followed" | "webhooks";

const situations: readonly Situation[] = ["alone", "followed", "webhooks"];

interface Receivers {
  /** Takes what it is sent, and answers after two seconds. */
  readonly slow: Server;
  /** Takes connections, and never answers. */
  readonly dead: Server;
}

async function measureReceivers(lab: Lab, sizes: ControlSizes): Promise<readonly Row[]> {
  const receivers = { slow: await startReceiver(slowAnswerMs), dead: await startReceiver() };
  const plain: DaemonSetup = { mode: "enforce", policies: policyThat("deny", refusedRule) };
  const daemon = await lab.startDaemon(plain);
  await lab.startContainer(container);
  const medians = new Map<Situation, number[]>(situations.map((situation) => [situation, []]));
  const shares: number[] = [];
  try {
    await lab.execInContainer(container, { count: sizes.count, program: programs.alerted });
    for (let round = 0; round < sizes.rounds; round++) {
      const order = round % 2 === 0 ? situations : [...situations].reverse();
      for (const situation of order) {
        const webhooks = situation === "webhooks" ? webhooksOf(receivers) : [];
        lab.rewrite({ ...plain, webhooks });
        await daemon.reload();
        const followers = situation === "followed" ? { quickFollowers, slowFollowers } : undefined;
        const { ns, share } = await measureHeld(lab, daemon, { sizes, followers });
        medians.get(situation)?.push(median(ns));
        if (share !== undefined) shares.push(share);
      }
    }
    return rowsOf({ medians, shares, sizes });
  } finally {
    for (const server of Object.values(receivers)) {
      server.closeAllConnections();
      server.close();
    }
    await lab.docker("rm", "--force", container);
    await lab.stopDaemon(daemon);
  }
}

/** Held execs with a pause between; with followers also the least share of the events that a quick one got. */
async function measureHeld(
  lab: Lab,
  daemon: DaemonRun,
  {
    sizes: { count },
    followers: wanted,
  }: {
    readonly sizes: ControlSizes;
    readonly followers: { quickFollowers: number; slowFollowers: number } | undefined;
  },
): Promise<{ readonly ns: readonly number[]; readonly share?: number }> {
  await daemon.idle();
  const before = daemon.alertCount;
  const loop = { count, pauseUs, program: programs.alerted };
  const followers = new Followers();
  try {
    if (wanted !== undefined) {
      await followers.start(daemon.socketPath, { quick: quickFollowers, slow: slowFollowers });
    }
    const ns = await lab.execInContainer(container, loop);
    await until(() => daemon.alertCount >= before + count, drainTimeoutMs);
    if (wanted === undefined) return { ns };
    const isComplete = (): boolean => followers.counts.every((events) => events >= count);
    // What is missing then is missing: the row says so.
    await until(isComplete, drainTimeoutMs).catch(() => undefined);
    return { ns, share: Math.min(...followers.counts) / count };
  } finally {
    followers.stop();
  }
}

function rowsOf({
  medians,
  shares,
  sizes,
}: {
  readonly medians: ReadonlyMap<Situation, readonly number[]>;
  readonly shares: readonly number[];
  readonly sizes: ControlSizes;
}): readonly Row[] {
  const of = (situation: Situation): readonly number[] => medians.get(situation) ?? [];
  const samples = `${sizes.rounds} × ${sizes.count}`;
  const ratioRow = (what: string, situation: Situation): Row => {
    const alone = of("alone");
    const ratio = median(of(situation).map((ns, round) => ns / (alone[round] ?? ns)));
    return {
      what,
      measured: overheadText(ratio),
      aim: { text: `≤ ${overheadText(ratioMax)}`, isMet: ratio <= ratioMax },
      samples,
      detail: `${microseconds(median(alone))} → ${microseconds(median(of(situation)))}`,
    };
  };
  const share = Math.min(...shares);
  return [
    ratioRow("exec held, 100 followers (50 read nothing), over none", "followed"),
    {
      what: "events that each of the 50 quick followers got",
      measured: `${(share * 100).toFixed(1)} %`,
      aim: { text: "100 %", isMet: share === 1 },
      samples,
    },
    ratioRow("exec held, a slow and a dead webhook, over none", "webhooks"),
  ];
}

async function startReceiver(answerMs?: number): Promise<Server> {
  const server = createServer((call, response) => {
    call.resume();
    if (answerMs !== undefined) setTimeout(() => response.end(), answerMs).unref();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function webhooksOf(receivers: Receivers): readonly object[] {
  return Object.entries(receivers).map(([name, server]: [string, Server]) => ({
    name,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
  }));
}
