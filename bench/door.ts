// A request at the engine's API: bare, with a plugin that answers at once, and with the authorization plugin in its way:
// the plugin's own process, the daemon behind it, and a request that is looked at whole (who asks, which container, what
// it would run).
// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { policyThat, programs, type Lab } from "./lab.ts";
import { milliseconds, type Row } from "./report.ts";
import { median, quantile } from "./samples.ts";

/** How often it is asked: `calls` in a round in each of the three ways. */
export interface DoorSizes {
  readonly rounds: number;
  readonly calls: number;
}

const addedMaxMs = 2;
const settleTriesMax = 200;
/** An engine reads its file at once. */
const settleMs = 500;
const pluginProgram = fileURLToPath(
  new URL("../../daemon/kernel/addon/build/Release/execwarden-authz", import.meta.url),
);
const container = "door";
const ways = ["bare", "empty", "plugin"] as const;
type Way = (typeof ways)[number];
/** Calls that nobody counts: connections are made, and code is compiled. */
const warmCalls = 200;

/** Measures `docker exec`'s first request in the three ways, in turns. */
export async function measureDoor(lab: Lab, sizes: DoorSizes): Promise<readonly Row[]> {
  const daemon = await lab.startDaemon({ mode: "enforce", policies: policyThat("deny") });
  mkdirSync(dirname(socketOf("plugin")), { recursive: true });
  const plugins: ChildProcess[] = [];
  try {
    const env = { EXECWARDEN_LISTEN: socketOf("plugin"), EXECWARDEN_SOCKET: lab.doorSocket };
    plugins.push(await startPlugin(pluginProgram, [], env));
    plugins.push(await startPlugin(lab.emptyPlugin, [socketOf("empty")], {}));
    await lab.startContainer(container);
    return await compare(lab, sizes, async () => (await daemon.status()).plugin.asked);
  } finally {
    setPlugin(lab, "bare");
    for (const plugin of plugins) plugin.kill("SIGTERM");
    await lab.docker("rm", "--force", container);
    await lab.stopDaemon(daemon);
    for (const way of ways) rmSync(socketOf(way), { force: true });
  }
}

const nameOf = (way: Way): string => `execwarden-bench-${way}-${process.pid}`;
const socketOf = (way: Way): string => `/run/docker/plugins/${nameOf(way)}.sock`;

async function startPlugin(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const plugin = spawn(program, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  await once(plugin.stderr, "data");
  return plugin;
}

async function compare(
  lab: Lab,
  { rounds, calls }: DoorSizes,
  asked: () => Promise<number>,
): Promise<readonly Row[]> {
  const times: Readonly<Record<Way, number[]>> = { bare: [], empty: [], plugin: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const way of round % 2 === 0 ? ways : [...ways].reverse()) {
      setPlugin(lab, way);
      await untilSettled(lab, way, asked);
      if (round === 0) await callTimes(lab, warmCalls);
      times[way].push(...(await callTimes(lab, calls)));
    }
  }
  return rowsOf(times, `${rounds} × ${calls}`);
}

function rowsOf(times: Readonly<Record<Way, readonly number[]>>, samples: string): readonly Row[] {
  const at = (share: number): string =>
    ways.map((way) => milliseconds(quantile(times[way], share))).join(" → ");
  const p99 = (way: Way): number => quantile(times[way], 0.99);
  const ratio = (way: Way): string => `× ${(median(times[way]) / median(times.bare)).toFixed(2)}`;
  const added = (what: string, addedMs: number): Row => ({
    ...{ what, measured: milliseconds(addedMs), samples, detail: at(0.99) },
    aim: { text: `≤ ${addedMaxMs} ms`, isMet: addedMs <= addedMaxMs },
  });
  return [
    {
      what: "API request with a plugin that answers at once, over a bare one",
      measured: ratio("empty"),
      samples,
    },
    {
      what: "API request with the plugin, over a bare one",
      measured: ratio("plugin"),
      samples,
      detail: at(0.5),
    },
    added("latency added to it, p99", p99("plugin") - p99("bare")),
    added("of that beyond a plugin that answers at once", p99("plugin") - p99("empty")),
  ];
}

function setPlugin(lab: Lab, way: Way): void {
  lab.configureEngine(way === "bare" ? {} : { "authorization-plugins": [nameOf(way)] });
  const pid = Number(readFileSync(join(lab.engine.directory, "dockerd.pid"), "utf8"));
  process.kill(pid, "SIGHUP");
}

// The daemon sees whether it is asked; the other two differ by nothing that can be seen from here, and are waited for.
async function untilSettled(lab: Lab, way: Way, asked: () => Promise<number>): Promise<void> {
  await delay(settleMs);
  for (let tries = 0; tries < settleTriesMax; tries += 1) {
    const before = await asked();
    await callTimes(lab, 1);
    if ((await asked()) > before === (way === "plugin")) return;
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
