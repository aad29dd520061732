// SPDX-License-Identifier: Apache-2.0
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { removeDeadDoors } from "./dead-doors.ts";
import { findProgram, searchPath } from "./programs.ts";

/** What a command of the docker CLI came to. */
export interface CommandResult {
  /** Exit code; 128 + signal number is not made up: a command that was killed for its time has -1. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A dockerd of its own, with nothing shared with the machine's but the kernel. */
export interface TestEngine {
  readonly socketPath: string;
  /** `unix://…`, as DOCKER_HOST takes it. */
  readonly host: string;
  /** A directory of the engine's own; goes away with it. */
  readonly directory: string;
  /** Runs the docker CLI against this engine; at most for two minutes. */
  docker(...args: readonly string[]): Promise<CommandResult>;
  /** Stops dockerd with its containers and starts it again on the same data. */
  restart(): Promise<void>;
  /** Stops dockerd alone; `start` brings it back. */
  halt(): Promise<void>;
  start(): Promise<void>;
  /** Ends everything and removes the directory. Safe to call twice. */
  stop(): Promise<void>;
}

const logName = "dockerd.log";
const readyTimeoutMs = 60_000;
const stopTimeoutMs = 60_000;
const commandTimeoutMs = 120_000;

/**
 * Runs one dockerd, and outlives whoever started it by just as long as cleaning up takes: its standard input ends
 * when the test process ends, however that came about. "halt" stops dockerd only; anything else, or the end
 * of input, also kills what is left of the engine, unmounts and removes its directory.
 */
const keeperScript = `
directory=$1; shift
( dockerd "$@" & echo $! >"$directory/engine.pid"; wait $!; : >"$directory/ended" ) &
read -r word
host="unix://$directory/docker.sock"
running=$(docker -H "$host" ps --quiet --no-trunc 2>/dev/null)
[ -z "$running" ] || docker -H "$host" kill $running >/dev/null 2>&1
[ -e "$directory/ended" ] || kill -TERM "$(cat "$directory/engine.pid")"
wait
[ "$word" = halt ] && exit 0
grep -las -- "$directory/exec[/]" /proc/[0-9]*/cmdline | cut -d/ -f3 | xargs -r kill -KILL 2>/dev/null
cut -d' ' -f2 /proc/self/mounts | grep -F "$directory/" | sort -r | while read -r mounted; do
  umount -l "$mounted"
done
rm -rf --one-file-system "$directory"
`;

/** Why there can be no engine here; undefined when there can. */
export function engineMissing(): string | undefined {
  if (process.getuid?.() !== 0) return "a private dockerd needs root";
  for (const program of ["dockerd", "docker", "containerd", "runc"]) {
    if (findProgram(program) === undefined) {
      return `${program} is not installed (apt-get install docker.io)`;
    }
  }
  return undefined;
}

/**
 * True when a private engine can be had. Otherwise the test is skipped and says why; under CI, where a test that
 * did not run must not look like one that passed, this throws instead.
 */
export function requireEngine(t: { plan(count: number, comment?: string): void }): boolean {
  const missing = engineMissing();
  if (missing === undefined) return true;
  if (process.env["CI"] !== undefined) throw new Error(`cannot test with an engine: ${missing}`);
  t.plan(0, missing);
  return false;
}

/** What an engine is started with. */
export interface EngineOptions {
  /** Where its directory is made. */
  readonly dir?: string;
  /** Further flags of dockerd. */
  readonly flags?: readonly string[];
  /** A program, and its arguments, that is to run the engine: unshare, say. */
  readonly runBy?: readonly string[];
}

/** Starts an engine under a new directory, and waits until it answers. */
export async function startEngine({
  dir = tmpdir(),
  flags = [],
  runBy = [],
}: EngineOptions = {}): Promise<TestEngine> {
  const missing = engineMissing();
  if (missing !== undefined) throw new Error(`cannot start an engine: ${missing}`);
  removeDeadDoors();
  const directory = mkdtempSync(join(dir, "engine-"));
  mkdirSync(join(directory, "config"));
  // The root of a user namespace goes through it.
  chmodSync(directory, 0o711);
  const socketPath = join(directory, "docker.sock");
  const host = `unix://${socketPath}`;
  const argv = [...engineFlags(directory), ...flags];
  const docker = dockerAt(host, directory);
  let keeper: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    if (keeper !== undefined) return;
    keeper = spawnKeeper(argv, { directory, runBy });
    await untilReady(socketPath, directory);
  };
  const end = async (word: "halt" | "remove"): Promise<void> => {
    const ending = keeper;
    keeper = undefined;
    if (ending !== undefined) await endKeeper(ending, word);
  };
  const stop = async (): Promise<void> => {
    // A halted engine has no keeper any more that could clean up after it.
    keeper ??= spawnKeeper(["--version"], { directory, runBy });
    await end("remove");
  };
  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  let isStopped = false;
  return {
    socketPath,
    host,
    directory,
    docker,
    start,
    halt: () => end("halt"),
    restart: async () => {
      await end("halt");
      await start();
    },
    stop: async () => {
      if (isStopped) return;
      isStopped = true;
      await stop();
    },
  };
}

/** The docker CLI for the engine at `host`, with its own files below `directory`; classic builds unless `env` says so. */
export function dockerAt(
  host: string,
  directory: string,
  env: NodeJS.ProcessEnv = {},
): TestEngine["docker"] {
  return (...args) =>
    run("docker", ["-H", host, ...args], { ...commandEnvironment(directory), ...env });
}

function engineFlags(directory: string): readonly string[] {
  return [
    `--data-root=${directory}/data`,
    `--exec-root=${directory}/exec`,
    `--pidfile=${directory}/dockerd.pid`,
    `--host=unix://${directory}/docker.sock`,
    "--bridge=none",
    "--iptables=false",
    "--ip-forward=false",
    "--ip-masq=false",
    "--userland-proxy=false",
    "--log-level=warn",
    "--log-opt=max-size=1m",
    "--log-opt=max-file=1",
  ];
}

function spawnKeeper(
  argv: readonly string[],
  { directory, runBy }: { readonly directory: string; readonly runBy: readonly string[] },
): ChildProcess {
  rmSync(join(directory, "ended"), { force: true });
  const log = openSync(join(directory, logName), "a");
  // A session of its own: Ctrl-C reaches the test, and the keeper through the end of its input.
  const keep = ["/bin/sh", "-c", keeperScript, "engine-keeper", directory, ...argv];
  const [program = "", ...args] = [...runBy, ...keep];
  const keeper = spawn(program, args, {
    detached: true,
    stdio: ["pipe", log, log],
    env: commandEnvironment(directory),
  });
  closeSync(log);
  keeper.stdin?.on("error", () => {
    // The keeper has ended already; its exit is what is waited for.
  });
  return keeper;
}

async function endKeeper(keeper: ChildProcess, word: string): Promise<void> {
  if (keeper.exitCode !== null || keeper.signalCode !== null) return;
  const exited = once(keeper, "exit", { signal: AbortSignal.timeout(stopTimeoutMs) });
  keeper.stdin?.end(`${word}\n`);
  await exited;
}

/** Asks the API until it answers; a dockerd that gave up is reported with the end of its log. */
async function untilReady(socketPath: string, directory: string): Promise<void> {
  const deadlineMs = performance.now() + readyTimeoutMs;
  while (!(await isAnswering(socketPath))) {
    const hasEnded = existsSync(join(directory, "ended"));
    if (hasEnded || performance.now() > deadlineMs) {
      const log = readFileSync(join(directory, logName), "utf8").slice(-2_000);
      throw new Error(
        `cannot start an engine: dockerd ${hasEnded ? "ended" : "is silent"}\n${log}`,
      );
    }
    await delay(20);
  }
}

function isAnswering(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { socketPath, path: "/_ping", agent: false, timeout: 5_000 };
    const asked = request(options, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => {
      resolve(false);
    });
    asked.end();
  });
}

function run(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<CommandResult> {
  const options = {
    env,
    timeout: commandTimeoutMs,
    killSignal: "SIGKILL" as const,
    maxBuffer: 16 << 20,
  };
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      resolve({ code: typeof code === "number" ? code : -1, stdout, stderr });
    });
  });
}

/** Nothing of the user's docker settings (host, context, credentials) reaches this engine. */
function commandEnvironment(directory: string): NodeJS.ProcessEnv {
  const docker = { DOCKER_CONFIG: join(directory, "config"), DOCKER_BUILDKIT: "0" };
  return { PATH: searchPath, HOME: directory, LANG: "C", ...docker };
}
