// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { daemonProgram } from "./daemon-program.ts";
import type { Status } from "../../daemon/model/status.ts";

/** One alert as the daemon prints it; only what tests look at is typed. */
export interface AlertLine {
  readonly uuid: string;
  readonly rule: string;
  readonly source: string;
  readonly priority: string;
  readonly output: string;
  readonly time: string;
  /** When it was read here, milliseconds since the epoch. */
  readonly heardMs: number;
  readonly output_fields: Readonly<Record<string, unknown>>;
  readonly execwarden: {
    readonly verdict: string;
    readonly held: boolean;
    readonly outcomes: readonly {
      readonly action: string;
      readonly status: string;
      readonly detail?: string;
    }[];
    readonly process: Readonly<Record<string, unknown>> & {
      readonly cmdline: string;
      readonly exepath: string;
    };
    readonly ancestors: readonly { readonly name: string; readonly cmdline: string }[];
    readonly container?: Readonly<Record<string, unknown>> & {
      readonly name: string;
      readonly image: Readonly<Record<string, unknown>>;
    };
    readonly user: Readonly<Record<string, unknown>>;
    readonly engine?: Readonly<Record<string, unknown>>;
    readonly host: Readonly<Record<string, unknown>>;
  };
}

/** A real daemon in a process of its own. */
export interface TestDaemon {
  readonly pid: number;
  /** Path of its control socket. */
  readonly socket: string;
  /** Every alert so far, in order. */
  readonly alerts: readonly AlertLine[];
  /** The daemon's own log so far, one JSON object a line. */
  log(): string;
  /** The first alert, past or to come, that fits. Rejects after a minute. */
  alert(fits: (alert: AlertLine) => boolean): Promise<AlertLine>;
  status(): Promise<Status>;
  /** Writes the files anew, as they would be with these options; nobody tells the daemon. */
  rewrite(options: DaemonOptions): void;
  /** Posts to the control API; the status code and the parsed answer. */
  post(path: string, body?: object): Promise<{ readonly code: number; readonly answer: unknown }>;
  /** Runs the command line against this daemon. */
  run(command: string, ...args: readonly string[]): Promise<CommandEnd>;
  /** The log's first entry, past or to come, with this message and whatever `fits` asks. Rejects after a minute. */
  logged(message: string, fits?: (entry: LogEntry) => boolean): Promise<LogEntry>;
  /** Sends a signal. */
  signal(signal: NodeJS.Signals): void;
  /** Sends SIGTERM and waits for the end; the exit code. */
  stop(): Promise<number | null>;
  /** Ends it as a crash would. */
  crash(): Promise<void>;
}

/** One line of the daemon's own log. */
export type LogEntry = Readonly<Record<string, unknown>> & { readonly message: string };

/** How a command ended. */
export interface CommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a test's daemon is configured with. */
export interface DaemonOptions {
  /** `unix://…` of the engine. */
  readonly dockerHost: string;
  readonly mode?: "monitor" | "enforce";
  /** Texts of files. The shipped rule is always there. */
  readonly rules?: string;
  readonly policies?: string;
  readonly allowlist?: string;
  readonly gate?: string;
  /** Off unless a test is about it: a machine has one audit subsystem. */
  readonly witness?: "gaps" | "full" | "off";
  readonly onDeadline?: "allow" | "deny";
  /** Execs of a container that are no flood; without a bound when left out. */
  readonly budget?: { readonly execs_per_second: number; readonly burst: number };
  readonly keepOverRestart?: boolean;
  /** A descriptor that its standard output goes to; `alerts` stays empty then. */
  readonly stdout?: number;
  /** A program, and its arguments, that is to run the daemon: prlimit, say. */
  readonly runBy?: readonly string[];
  /** Further keys of execwarden.yaml. */
  readonly config?: Readonly<Record<string, unknown>>;
}

const shipped = fileURLToPath(new URL("../../rules/web-fetch.yaml", import.meta.url));
const waitMs = 60_000;

/** Starts a daemon and resolves when it guards. */
export async function startDaemon(options: DaemonOptions): Promise<TestDaemon> {
  const directory = mkdtempSync(join(tmpdir(), "execwarden-daemon-"));
  const socket = join(directory, "control.sock");
  const config = writeFiles(directory, socket, options);
  const run = [process.execPath, daemonProgram, "run", "--json-log", "--config", config];
  const [program = "", ...args] = [...(options.runBy ?? []), ...run];
  const child = spawn(program, args, {
    stdio: ["ignore", options.stdout ?? "pipe", "pipe"],
  });
  const alerts: AlertLine[] = [];
  let log = "";
  const changed = new EventTarget();
  const say = (): boolean => changed.dispatchEvent(new Event("change"));
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const heardMs = performance.timeOrigin + performance.now();
      alerts.push({ ...(JSON.parse(line) as AlertLine), heardMs });
      say();
    });
  }
  child.stderr?.on("data", (chunk: Buffer) => {
    log += chunk.toString();
    say();
  });
  child.on("exit", say);
  const wait = <T>(look: () => T | undefined, what: string): Promise<T> =>
    waitFor(changed, look, () => `${what}; the daemon's log:\n${log}`);
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      // Not its exit alone: what it wrote last is in the log then.
      await once(child, "close");
    }
    rmSync(directory, { recursive: true, force: true });
    return child.exitCode;
  };
  try {
    await wait(() => ready(child, log), "the daemon did not start to guard");
  } catch (error) {
    await end("SIGKILL");
    throw error;
  }
  return {
    pid: child.pid ?? 0,
    socket,
    alerts,
    log: () => log,
    alert: (fits) => wait(() => alerts.find(fits), `no such alert among ${alerts.length}`),
    status: () => getStatus(socket),
    rewrite: (changed) => {
      writeFiles(directory, socket, changed);
    },
    post: (path, body = {}) => postTo(socket, path, body),
    run: (command, ...args) => runCommand([command, "--socket", socket, ...args]),
    logged: (message, fits = () => true) =>
      wait(
        () => logEntries(log).find((entry) => entry.message === message && fits(entry)),
        `no such line in the log: ${message}`,
      ),
    signal: (signal) => {
      child.kill(signal);
    },
    stop: () => end("SIGTERM"),
    crash: async () => {
      await end("SIGKILL");
    },
  };
}

function logEntries(log: string): readonly LogEntry[] {
  // The last line may not be whole yet.
  return log
    .split("\n")
    .slice(0, -1)
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as LogEntry);
}

async function runCommand(args: readonly string[]): Promise<CommandEnd> {
  const child = spawn(process.execPath, [daemonProgram, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: waitMs,
  });
  const [stdout, stderr] = [child.stdout, child.stderr].map(async (stream) =>
    Buffer.concat((await stream.toArray()) as Buffer[]).toString(),
  );
  await once(child, "exit");
  return { code: child.exitCode, stdout: (await stdout) ?? "", stderr: (await stderr) ?? "" };
}

function ready(child: ChildProcess, log: string): true | undefined {
  if (child.exitCode !== null) throw new Error(`the daemon ended with ${child.exitCode}:\n${log}`);
  return log.includes('"message":"guarding"') || log.includes('"guarding"') ? true : undefined;
}

function writeFiles(directory: string, socket: string, options: DaemonOptions): string {
  const write = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  const rules = [shipped];
  if (options.rules !== undefined) rules.push(write("rules.yaml", options.rules));
  const policies = write("policies.yaml", options.policies ?? "policies: []\n");
  const allowlist = write("allowlist.yaml", options.allowlist ?? "allowlists: {}\n");
  return write(
    "execwarden.yaml",
    JSON.stringify({
      docker: { host: options.dockerHost },
      rules_files: rules,
      policies_files: [policies],
      allowlist_file: allowlist,
      mode: options.mode ?? "monitor",
      witness: { mode: options.witness ?? "off" },
      control: { socket },
      state_directory: directory,
      // Long enough for a machine that is busy with other tests.
      gate: {
        deadline: options.gate ?? "5s",
        on_deadline: options.onDeadline ?? "allow",
        // Tests count alerts.
        budget: options.budget ?? { execs_per_second: 0 },
        keep_over_restart: options.keepOverRestart ?? false,
      },
      ...options.config,
    }),
  );
}

async function waitFor<T>(
  changed: EventTarget,
  look: () => T | undefined,
  explain: () => string,
): Promise<T> {
  const timeout = AbortSignal.timeout(waitMs);
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (timeout.aborted) throw new Error(explain());
    await new Promise<void>((resolve) => {
      const next = (): void => {
        changed.removeEventListener("change", next);
        timeout.removeEventListener("abort", next);
        resolve();
      };
      changed.addEventListener("change", next);
      timeout.addEventListener("abort", next);
    });
  }
}

function postTo(
  socketPath: string,
  path: string,
  body: object,
): Promise<{ readonly code: number; readonly answer: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    request({ socketPath, path, method: "POST", headers }, (response) => {
      response.toArray().then((chunks) => {
        const answer: unknown = JSON.parse(Buffer.concat(chunks).toString());
        resolve({ code: response.statusCode ?? 0, answer });
      }, reject);
    })
      .on("error", reject)
      .end(JSON.stringify(body));
  });
}

function getStatus(socketPath: string): Promise<Status> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: "/v1/status" }, (response) => {
      response.toArray().then((chunks) => {
        resolve(JSON.parse(Buffer.concat(chunks).toString()) as Status);
      }, reject);
    })
      .on("error", reject)
      .end();
  });
}
