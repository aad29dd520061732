// From an exec to the line on standard output: whether it comes, how soon, and whether it says whose it is.
// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from "node:timers/promises";
import { until } from "../test/support/until.ts";
import type { ArrivedAlert, DaemonRun } from "./daemon-run.ts";
import { benchImage, programs, type Lab } from "./lab.ts";
import { milliseconds, type Row } from "./report.ts";
import { quantile } from "./samples.ts";

/** Sizes of the measurement. */
export interface AlertSizes {
  /** Execs one after the other as fast as they go, each an alert. */
  readonly burst: number;
  /** Execs with a pause between them. */
  readonly paced: number;
  /** Times that eight containers are started at once. */
  readonly starts: number;
}

const container = "alerts";
const pauseUs = 4_000;
const burstPart = 5_000;
const stoppedMs = 2_000;
const atOnce = 8;
const drainTimeoutMs = 60_000;
const startsTimeoutMs = 5_000;
const p50MsMax = 2;
const p99MsMax = 10;
const residentMbMax = 120;

/** Measures all of it with one daemon. */
export async function measureAlerts(lab: Lab, sizes: AlertSizes): Promise<readonly Row[]> {
  const daemon = await lab.startDaemon({ mode: "monitor" });
  await lab.startContainer(container);
  const rows = [
    ...(await measureStarts(lab, daemon, sizes.starts)),
    ...(await measureLatency(lab, daemon, sizes.paced)),
    ...(await measureLoss(lab, daemon, sizes.burst)),
  ];
  await lab.docker("rm", "--force", container);
  await lab.stopDaemon(daemon);
  return rows;
}

async function measureStarts(lab: Lab, daemon: DaemonRun, times: number): Promise<readonly Row[]> {
  const before = daemon.arrived.length;
  for (let time = 0; time < times; time++) {
    const run = ["run", "--rm", "--network=none", benchImage, programs.alerted];
    await Promise.all(Array.from({ length: atOnce }, () => lab.docker(...run)));
  }
  const started = times * atOnce;
  // What is missing then is missing: the row says so.
  await until(() => daemon.alertCount >= before + started, startsTimeoutMs).catch(() => undefined);
  const alerts = daemon.arrived.slice(before);
  const named = alerts.filter(({ alert }) => {
    const { container } = alert.execwarden;
    return (
      container !== undefined && container.name !== "" && container.image.reference === benchImage
    );
  });
  const share = named.length / started;
  return [
    {
      what: "alerts with image and name, 8 containers started at once",
      measured: `${(share * 100).toFixed(0)} %`,
      aim: { text: "100 %", isMet: share === 1 },
      samples: `${times} × ${atOnce}`,
      detail: `${started} starts, ${alerts.length} alerts, ${named.length} named`,
    },
  ];
}

async function measureLatency(lab: Lab, daemon: DaemonRun, count: number): Promise<readonly Row[]> {
  const before = daemon.arrived.length;
  await lab.execInContainer(container, { count, pauseUs, program: programs.alerted });
  await drained(daemon, before + count);
  const latencies = daemon.arrived.slice(before).map(latencyMs);
  const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
  return [
    {
      what: "event to standard output, p50",
      measured: milliseconds(p50),
      aim: { text: `≤ ${p50MsMax} ms`, isMet: p50 <= p50MsMax },
      samples: String(count),
    },
    {
      what: "event to standard output, p99",
      measured: milliseconds(p99),
      aim: { text: `≤ ${p99MsMax} ms`, isMet: p99 <= p99MsMax },
      samples: String(count),
    },
  ];
}

/** From the moment that the gate read the event to the moment that its line could be read. */
export function latencyMs({ alert, arrivedMs }: ArrivedAlert): number {
  return arrivedMs - Number(alert.output_fields["evt.time"]) / 1e6;
}

async function measureLoss(lab: Lab, daemon: DaemonRun, burst: number): Promise<readonly Row[]> {
  daemon.countOnly();
  const plain = await runBurst(lab, daemon, { burst });
  const stopped = await runBurst(lab, daemon, { burst: Math.ceil(burst / 4), stoppedMs });
  const residentMb = daemon.residentBytes() / 1e6;
  const { counters } = (await daemon.status()).gate;
  return [
    { what: "loss, each exec an alert, as fast as they go", ...lossOf(plain) },
    { what: "loss, daemon stopped for 2 s meanwhile", ...lossOf(stopped) },
    {
      what: "memory after that",
      measured: `${residentMb.toFixed(0)} MB`,
      aim: { text: `≤ ${residentMbMax} MB`, isMet: residentMb <= residentMbMax },
      samples: "1",
      detail: `${counters.seen} execs seen`,
    },
  ];
}

interface Burst {
  readonly execs: number;
  readonly alerts: number;
  /** What the daemon itself says is missing. */
  readonly lost: number;
  readonly perSecond: number;
  readonly cpuNs: number;
}

async function runBurst(
  lab: Lab,
  daemon: DaemonRun,
  { burst, stoppedMs: pauseMs }: { readonly burst: number; readonly stoppedMs?: number },
): Promise<Burst> {
  await daemon.idle();
  const before = daemon.alertCount;
  const cpuBeforeNs = daemon.cpuNs();
  let tookNs = 0;
  const freeze = pauseMs === undefined ? Promise.resolve() : freezeFor(daemon, pauseMs);
  for (let done = 0; done < burst; done += burstPart) {
    const count = Math.min(burstPart, burst - done);
    const samples = await lab.execInContainer(container, { count, program: programs.alerted });
    tookNs += samples.reduce((sum, ns) => sum + ns, 0);
  }
  await freeze;
  await drained(daemon, before + burst).catch(() => undefined);
  await daemon.idle();
  const status = await daemon.status();
  const dropped = status.outputs["stdout"]?.dropped ?? 0;
  return {
    execs: burst,
    alerts: daemon.alertCount - before,
    lost: status.gate.counters.lost + status.gate.counters.alertsLost + dropped,
    perSecond: burst / (tookNs / 1e9),
    cpuNs: (daemon.cpuNs() - cpuBeforeNs) / burst,
  };
}

async function freezeFor(daemon: DaemonRun, ms: number): Promise<void> {
  await delay(200);
  daemon.signal("SIGSTOP");
  await delay(ms);
  daemon.signal("SIGCONT");
}

function lossOf({ execs, alerts, lost, perSecond, cpuNs }: Burst): Omit<Row, "what"> {
  const missing = execs - alerts;
  return {
    measured: String(missing),
    aim: { text: "0", isMet: missing === 0 },
    samples: String(execs),
    detail: `${perSecond.toFixed(0)} execs/s, ${(cpuNs / 1000).toFixed(0)} µs CPU each, counted as lost: ${lost}`,
  };
}

function drained(daemon: DaemonRun, count: number): Promise<void> {
  return until(() => daemon.alertCount >= count, drainTimeoutMs);
}
