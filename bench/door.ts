// A request at the engine's API, bare and with the authorization plugin in its way: the plugin's own process, the daemon
// behind it, and a request that is looked at whole (who asks, which container, what it would run).
// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { policyThat, programs, type Lab } from "./lab.ts";
import { milliseconds, type Row } from "./report.ts";
import { median, quantile } from "./samples.ts";

/** How often it is asked: `calls` in a round with the plugin, and as many without. */
export interface DoorSizes {
  readonly rounds: number;
  readonly calls: number;
}

const addedMaxMs = 2;
const settleTriesMax = 200;
const pluginProgram = fileURLToPath(
  new URL("../../daemon/kernel/addon/build/Release/execwarden-authz", import.meta.url),
);
const container = "door";
const pluginName = `execwarden-bench-${process.pid}`;
const socket = `/run/docker/plugins/${pluginName}.sock`;

/** Measures `docker exec`'s first request, with and without in turns. */
export async function measureDoor(lab: Lab, sizes: DoorSizes): Promise<readonly Row[]> {
  const daemon = await lab.startDaemon({ mode: "enforce", policies: policyThat("deny") });
  mkdirSync(dirname(socket), { recursive: true });
  const plugin = spawn(pluginProgram, [], {
    env: { EXECWARDEN_LISTEN: socket, EXECWARDEN_SOCKET: lab.doorSocket },
    stdio: ["ignore", "ignore", "pipe"],
  });
  try {
    await once(plugin.stderr, "data");
    await lab.startContainer(container);
    return await compare(lab, sizes, async () => (await daemon.status()).plugin.asked);
  } finally {
    setPlugin(lab, false);
    plugin.kill("SIGTERM");
    await lab.docker("rm", "--force", container);
    await lab.stopDaemon(daemon);
    rmSync(socket, { force: true });
  }
}

async function compare(
  lab: Lab,
  { rounds, calls }: DoorSizes,
  asked: () => Promise<number>,
): Promise<readonly Row[]> {
  const bareMs: number[] = [];
  const withMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const isKept of round % 2 === 0 ? [false, true] : [true, false]) {
      setPlugin(lab, isKept);
      await untilSettled(lab, isKept, asked);
      (isKept ? withMs : bareMs).push(...(await callTimes(lab, calls)));
    }
  }
  const ratio = median(withMs) / median(bareMs);
  const addedMs = quantile(withMs, 0.99) - quantile(bareMs, 0.99);
  const samples = `${rounds} × ${calls}`;
  return [
    {
      what: "API request with the plugin, over a bare one",
      measured: `× ${ratio.toFixed(2)}`,
      samples,
      detail: `${milliseconds(median(bareMs))} → ${milliseconds(median(withMs))}`,
    },
    {
      what: "latency added to it, p99",
      measured: milliseconds(addedMs),
      aim: { text: `≤ ${addedMaxMs} ms`, isMet: addedMs <= addedMaxMs },
      samples,
      detail: `${milliseconds(quantile(bareMs, 0.99))} → ${milliseconds(quantile(withMs, 0.99))}`,
    },
  ];
}

function setPlugin(lab: Lab, isKept: boolean): void {
  lab.configureEngine(isKept ? { "authorization-plugins": [pluginName] } : {});
  const pid = Number(readFileSync(join(lab.engine.directory, "dockerd.pid"), "utf8"));
  process.kill(pid, "SIGHUP");
}

async function untilSettled(
  lab: Lab,
  isKept: boolean,
  asked: () => Promise<number>,
): Promise<void> {
  for (let tries = 0; tries < settleTriesMax; tries += 1) {
    const before = await asked();
    await callTimes(lab, 1);
    if ((await asked()) > before === isKept) return;
    await delay(50);
  }
  throw new Error("cannot measure the door: the engine did not take or leave its plugin");
}

async function callTimes(lab: Lab, calls: number): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  for (let call = 0; call < calls; call += 1) {
    const startMs = performance.now();
    await createExec(lab.engine.socketPath, agent);
    times.push(performance.now() - startMs);
  }
  agent.destroy();
  return times;
}

function createExec(socketPath: string, agent: Agent): Promise<void> {
  const body = JSON.stringify({ Cmd: [programs.quiet] });
  const headers = { "content-type": "application/json", "content-length": body.length };
  const path = `/containers/${container}/exec`;
  return new Promise((resolve, reject) => {
    request({ socketPath, path, method: "POST", agent, headers }, (response) => {
      response.resume().on("end", () => {
        if (response.statusCode === 201) resolve();
        else reject(new Error(`cannot ${path}: ${response.statusCode ?? 0}`));
      });
    })
      .on("error", reject)
      .end(body);
  });
}
