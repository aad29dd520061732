// From the match to the container paused or killed, beside the engine's API called by itself.
// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { until } from "../test/support/until.ts";
import { latencyMs } from "./alerts.ts";
import type { ArrivedAlert, DaemonRun } from "./daemon-run.ts";
import { benchImage, policyThat, programs, type Lab } from "./lab.ts";
import { milliseconds, type Row } from "./report.ts";
import { median } from "./samples.ts";

type Action = "pause" | "kill";

const ratioMax = 2;
const alertTimeoutMs = 20_000;

/** Measures `times` of each, the bare call and the daemon's in turns. */
export async function measureActions(lab: Lab, times: number): Promise<readonly Row[]> {
  return [await measureAction(lab, "pause", times), await measureAction(lab, "kill", times)];
}

async function measureAction(lab: Lab, action: Action, times: number): Promise<Row> {
  const policies = policyThat(`${action}: container`);
  const daemon = await lab.startDaemon({ mode: "enforce", policies });
  const bareMs: number[] = [];
  const daemonMs: number[] = [];
  // The first is for warming up.
  for (let time = 0; time <= times; time++) {
    const bare = await measureBare(lab, action);
    const own = await measureDaemon(lab, daemon, action);
    if (time === 0) continue;
    bareMs.push(bare);
    daemonMs.push(own);
  }
  await lab.stopDaemon(daemon);
  const ratio = median(daemonMs) / median(bareMs);
  return {
    what: `match to container ${action === "pause" ? "paused" : "killed"}, over the bare API call`,
    measured: `× ${ratio.toFixed(2)}`,
    aim: { text: `≤ × ${ratioMax}`, isMet: ratio <= ratioMax },
    samples: String(times),
    detail: `${milliseconds(median(bareMs))} → ${milliseconds(median(daemonMs))}`,
  };
}

async function measureBare(lab: Lab, action: Action): Promise<number> {
  const target = await startTarget(lab);
  const startMs = performance.now();
  await post(lab.engine.socketPath, `/containers/${target.name}/${action}`);
  const tookMs = performance.now() - startMs;
  await endTarget(lab, target);
  return tookMs;
}

// The alert is printed when its actions are done, so its way to us is counted too.
async function measureDaemon(lab: Lab, daemon: DaemonRun, action: Action): Promise<number> {
  const target = await startTarget(lab);
  const before = daemon.arrived.length;
  target.child.stdin?.write("\n");
  await until(() => daemon.arrived.length > before, alertTimeoutMs);
  const [arrived] = daemon.arrived.slice(before);
  await endTarget(lab, target);
  if (arrived === undefined || !isDone(arrived)) {
    throw new Error(`cannot measure ${action}: ${JSON.stringify(arrived?.alert.execwarden)}`);
  }
  return latencyMs(arrived);
}

function isDone({ alert }: ArrivedAlert): boolean {
  return alert.execwarden.outcomes.every(({ status }) => status === "done");
}

interface Target {
  readonly name: string;
  /** The docker command that is attached to it; a line on its input makes the container start `alerted`. */
  readonly child: ChildProcess;
}

let targets = 0;

/** A container whose shell waits for a line: its exec then needs nothing of the engine. */
async function startTarget(lab: Lab): Promise<Target> {
  targets += 1;
  const name = `target-${targets}`;
  const script = `echo ready; while read line; do ${programs.alerted}; done`;
  const child = spawn(
    "docker",
    [
      ...["-H", lab.engine.host, "run", "--interactive", "--network=none", "--name", name],
      ...[benchImage, "/bin/sh", "-c", script],
    ],
    { stdio: ["pipe", "pipe", "ignore"] },
  );
  child.stdin.on("error", () => undefined);
  await once(child.stdout, "data", { signal: AbortSignal.timeout(alertTimeoutMs) });
  return { name, child };
}

async function endTarget(lab: Lab, { name, child }: Target): Promise<void> {
  const exited = child.exitCode === null ? once(child, "exit") : Promise.resolve();
  await lab.docker("rm", "--force", name);
  await exited;
}

function post(socketPath: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, method: "POST", agent: false }, (response) => {
      response.resume().on("end", () => {
        if (response.statusCode === 204) resolve();
        else reject(new Error(`cannot ${path}: ${response.statusCode ?? 0}`));
      });
    });
    call.on("error", reject);
    call.end();
  });
}
