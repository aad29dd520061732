// SPDX-License-Identifier: Apache-2.0
import { execFile, execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startDaemon, type AlertLine, type TestDaemon } from "../support/daemon.ts";
import type { CommandResult, TestEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";
import type { Fate, Technique } from "./techniques.ts";

/** What was seen of an attempt. */
export interface Attempt {
  readonly seen: Fate;
  /** Milliseconds from the exec to the end of the action, where there was one. */
  readonly tookMs?: number;
  /** For a failure's message. */
  readonly told: string;
}

/** An engine's containers and a daemon, to try techniques on. */
export interface Stage {
  readonly daemon: TestDaemon;
  attempt(technique: Technique): Promise<Attempt>;
  /** Starts containers whose entry point is denied, several at a time; how many did not run it. */
  startMany(count: number): Promise<{ readonly denied: number }>;
  close(): Promise<void>;
}

/** As good as --privileged, which an engine without all capabilities cannot give. */
const nearlyPrivileged = [
  ...["--cap-add=SYS_ADMIN", "--cap-add=SYS_PTRACE", "--pid=host"],
  ...["--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined"],
];
const lanes = 4;
const waitMs = 4_000;
const curlRan = /^curl \d/m;

function repositoryFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

const onlyFromImage = `
- rule: Program Not Shipped by Image
  desc: For the container "strict" only.
  condition: evt.type in (execve, execveat) and container.name = strict and not proc.image_path exists
  output: program that the image does not ship (%proc.exepath)
  priority: WARNING
`;

const policies = `policies:
  - name: No web fetch
    rules: [Run Web Fetch Program in Container]
    mode: enforce
    actions: [deny]
    scope: container.name != watched
  - name: The image's programs and no others
    rules: [Program Not Shipped by Image]
    mode: enforce
    actions: [deny]
    scope: container.name != watched
  - name: No loader
    rules: [Program Started Through the Loader in Container]
    mode: enforce
    actions: [deny]
    scope: container.name != watched
  - name: Nothing from memory
    rules: [Program Run From Memory in Container, Command Line Changed After Judgement]
    mode: enforce
    actions: [deny, kill: process]
    scope: container.name != watched
`;

/** Builds the images and the attacker's tools, and starts the daemon and the containers that are used again and again. */
export async function openStage(engine: TestEngine): Promise<Stage> {
  await buildImages(engine);
  const tools = layTools(engine.directory);
  const daemon = await startDaemon({
    dockerHost: engine.host,
    mode: "enforce",
    witness: "gaps",
    policies,
    rules: ["web-fetchers", "second-view"]
      .map((name) => readFileSync(repositoryFile(`rules/${name}.yaml`), "utf8"))
      .concat(onlyFromImage)
      .join("\n"),
  });
  try {
    return await setUp(engine, daemon, tools);
  } catch (error) {
    // A daemon that is left behind would hold the execs of whoever comes next.
    await daemon.stop();
    throw error;
  }
}

async function setUp(engine: TestEngine, daemon: TestDaemon, tools: string): Promise<Stage> {
  const volume = `--volume=${tools}:/tools`;
  const base = ["run", "--detach", "--network=none", volume, "--entrypoint=/bin/sleep"];
  const start = async (name: string, ...options: readonly string[]): Promise<void> => {
    const { code, stderr } = await engine.docker(
      ...[...base, `--name=${name}`, ...options, images.curl, "600"],
    );
    if (code !== 0) throw new Error(`cannot start ${name}: ${stderr}`);
  };
  await start("box", "--tmpfs=/tmpfs:exec");
  await start("watched", "--tmpfs=/tmpfs:exec");
  await start("strict", "--label=org.example.strict=yes");
  await start("privileged", ...nearlyPrivileged);
  const victim = (await engine.docker("inspect", "--format={{.State.Pid}}", "box")).stdout.trim();
  const run = (technique: Technique, name: string): Promise<CommandResult> => {
    const words = (technique.argv ?? ["/bin/sh", "-c", technique.script ?? ""]).map((word) =>
      word.replace("VICTIM", victim).replace("IMAGE", images.curl),
    );
    if (technique.where === "host") return runOnHost(words);
    if (technique.where === "own") {
      const options = ["run", "--rm", "--network=none", volume, `--name=${name}`];
      return engine.docker(...options, ...words);
    }
    const user = technique.user === undefined ? [] : [`--user=${technique.user}`];
    return engine.docker("exec", ...user, technique.where, ...words);
  };
  let attempts = 0;
  return {
    daemon,
    attempt: async (technique) => {
      attempts += 1;
      const name = `attempt-${attempts}`;
      // A second alert of the attempt before must not be taken for this one's.
      if (technique.expected === "detected and killed") await mark(engine, daemon);
      const before = daemon.alerts.length;
      const startMs = performance.now();
      const { stdout, stderr, code } = await run(technique, name);
      const tookMs = performance.now() - startMs;
      const hasRun = (technique.ran ?? curlRan).test(`${stdout}\n${stderr}`);
      if (technique.expected === "out of reach") await mark(engine, daemon);
      const alert = await firstOf(daemon, before, placeOf(technique, name));
      const seen = fateOf(alert, hasRun);
      const told = `exit ${code}, ${hasRun ? "ran" : "did not run"}: ${stdout.slice(0, 200)} ${stderr.slice(0, 300)} ${alert?.output ?? "no alert"} ${JSON.stringify(alert?.execwarden.outcomes)}`;
      return { seen, tookMs, told };
    },
    startMany: async (count) => {
      const ends = await inLanes(count, () =>
        engine.docker("run", "--rm", "--network=none", images.curl, "-V"),
      );
      const isDenied = ({ code, stdout, stderr }: CommandResult): boolean =>
        code !== 0 && !curlRan.test(stdout) && /operation not permitted/i.test(stderr);
      return { denied: ends.filter(isDenied).length };
    },
    close: async () => {
      await daemon.stop();
    },
  };
}

/** The container whose file is executed: for what enters another one, that one. */
function placeOf({ where, argv = [] }: Technique, name: string): string {
  if (where === "own") return name;
  return argv.some((word) => word.includes("VICTIM")) ? "box" : where;
}

/** An exec that is surely told: what came before it has been told then. */
async function mark(engine: TestEngine, daemon: TestDaemon): Promise<void> {
  const before = daemon.alerts.length;
  await engine.docker("exec", "box", "/usr/bin/curl", "--marker");
  const deadline = performance.now() + waitMs;
  while (!daemon.alerts.slice(before).some(isMarker) && performance.now() < deadline)
    await delay(20);
}

function isMarker({ execwarden }: AlertLine): boolean {
  return execwarden.process.cmdline.endsWith("--marker");
}

/** The first alert since; without one when only the marker came, or nothing in time. */
async function firstOf(
  daemon: TestDaemon,
  before: number,
  container: string,
): Promise<AlertLine | undefined> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const first = daemon.alerts
      .slice(before)
      .find(({ execwarden }) => execwarden.container?.name === container);
    if (first !== undefined) return isMarker(first) ? undefined : first;
    if (performance.now() > deadline) return undefined;
    await delay(20);
  }
}

function fateOf(alert: AlertLine | undefined, hasRun: boolean): Fate {
  if (alert === undefined) return "out of reach";
  if (alert.execwarden.verdict === "deny" && !hasRun) return "denied";
  const isKilled = alert.execwarden.outcomes.some(
    ({ action, status }) => action === "kill-process" && status === "done",
  );
  return isKilled ? "detected and killed" : "detected";
}

function layTools(directory: string): string {
  const tools = join(directory, "tools");
  mkdirSync(tools);
  const source = fileURLToPath(new URL("attack.c", import.meta.url));
  const options = ["-static", "-pthread", "-O1", "-w", "-o", join(tools, "attack"), source];
  execFileSync("gcc", options);
  copyFileSync("/bin/busybox", join(tools, "wget"));
  return tools;
}

function runOnHost([program = "", ...args]: readonly string[]): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      resolve({ code: typeof code === "number" ? code : -1, stdout, stderr });
    });
  });
}

async function inLanes<T>(count: number, work: () => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  let started = 0;
  const lane = async (): Promise<void> => {
    while (started < count) {
      started += 1;
      results.push(await work());
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
