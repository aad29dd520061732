// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** The daemon's program, running, with its standard output read as a person reads it. */
export interface DaemonProgram {
  /** The next event on its standard output, past or to come; undefined when none comes in 10 s, or the daemon has ended. */
  nextEvent(): Promise<string | undefined>;
  /** Sends SIGTERM, then SIGKILL, and waits for the end. Safe to call twice. */
  readonly stop: () => Promise<void>;
}

/** How to start it. */
export interface DaemonProgramOptions {
  readonly configFile: string;
  /** File for its standard error: its own log. */
  readonly logFile: string;
  /** Gives it a terminal of its own for standard output, so that it prints in colour. */
  readonly hasTerminal: boolean;
}

/** A process and what it prints, whether through a pipe or a terminal. */
interface Child {
  readonly pid: number;
  onOutput(listener: (text: string) => void): void;
  onExit(listener: () => void): void;
}

const program = fileURLToPath(new URL("../../daemon/main.js", import.meta.url));
const readyTimeoutMs = 20_000;
const eventTimeoutMs = 10_000;
const stopTimeoutMs = 10_000;
const pollMs = 10;

/** Starts the daemon and resolves when it guards. */
export async function startDaemonProgram(options: DaemonProgramOptions): Promise<DaemonProgram> {
  const child = await (options.hasTerminal ? spawnOnTerminal(options) : spawnOnPipe(options));
  let output = "";
  let isRunning = true;
  child.onOutput((text) => {
    output += text.replaceAll("\r\n", "\n");
  });
  child.onExit(() => {
    isRunning = false;
  });
  const stop = async (): Promise<void> => {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      if (isRunning) process.kill(child.pid, signal);
      if (await comesTrue(() => !isRunning, stopTimeoutMs)) return;
    }
  };
  const log = (): string => readFileSync(options.logFile, "utf8");
  const isGuarding = (): boolean => / info {2}guarding /.test(log());
  await comesTrue(() => !isRunning || isGuarding(), readyTimeoutMs);
  if (!isGuarding()) {
    await stop();
    throw new Error(`cannot start the daemon; its log:\n${log()}`);
  }
  return {
    stop,
    async nextEvent() {
      // An event ends with an empty line.
      const end = (): number => output.indexOf("\n\n");
      await comesTrue(() => !isRunning || end() >= 0, eventTimeoutMs);
      if (end() < 0) return undefined;
      const event = output.slice(0, end());
      output = output.slice(end() + 2);
      return event;
    },
  };
}

const script = 'log=$1; shift; exec "$@" 2>"$log"';

function argvOf({ configFile, logFile }: DaemonProgramOptions): string[] {
  const daemon = [process.execPath, program, "run", "--config", configFile];
  return ["-c", script, "sh", logFile, ...daemon];
}

async function spawnOnTerminal(options: DaemonProgramOptions): Promise<Child> {
  const { spawn: spawnPty } = await import("node-pty");
  const terminal = spawnPty("/bin/sh", argvOf(options), { cols: 200 });
  return {
    pid: terminal.pid,
    onOutput: (listener) => void terminal.onData(listener),
    onExit: (listener) => void terminal.onExit(listener),
  };
}

async function spawnOnPipe(options: DaemonProgramOptions): Promise<Child> {
  const child = spawn("/bin/sh", argvOf(options), { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve).once("error", reject);
  });
  return {
    pid: child.pid ?? 0,
    onOutput: (listener) => void child.stdout.setEncoding("utf8").on("data", listener),
    onExit: (listener) => void child.on("exit", listener),
  };
}

async function comesTrue(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadlineMs) return false;
    await delay(pollMs);
  }
  return true;
}
