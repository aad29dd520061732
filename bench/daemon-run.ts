// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createControlClient } from "../daemon/cli/client.ts";
import type { ReloadReport } from "../daemon/model/generation.ts";
import type { Status } from "../daemon/model/status.ts";
import { until } from "../test/support/until.ts";

/** The parts of a printed alert that are measured with. */
export interface PrintedAlert {
  readonly output_fields: Readonly<Record<string, unknown>>;
  readonly execwarden: {
    readonly outcomes: readonly { readonly action: string; readonly status: string }[];
    readonly container?: { readonly name: string; readonly image: { readonly reference: string } };
  };
}

/** An alert, and when its line could be read, milliseconds since the epoch. */
export interface ArrivedAlert {
  readonly alert: PrintedAlert;
  readonly arrivedMs: number;
}

const program = fileURLToPath(new URL("../daemon/main.js", import.meta.url));
const startTimeoutMs = 20_000;
const stopTimeoutMs = 10_000;
const idleTimeoutMs = 20_000;
const idleWindowMs = 50;
const idleNsMax = 2_000_000;
const newline = 10;

/** The daemon's real program as a child, with its alerts read as one who reads its standard output does. */
export class DaemonRun {
  readonly #child: ChildProcess;
  readonly #socketPath: string;
  readonly #arrived: ArrivedAlert[] = [];
  #log = "";
  #isParsing = true;
  #lineCount = 0;
  #rest = "";

  /** Starts it; `started` tells when it guards. */
  constructor({ configFile, socketPath }: { configFile: string; socketPath: string }) {
    this.#socketPath = socketPath;
    this.#child = spawn(process.execPath, [program, "run", "--json-log", "--config", configFile], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      this.#take(chunk);
    });
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#log += chunk.toString();
    });
  }

  /** Resolves when it guards, with the milliseconds since `constructor`. */
  async started(): Promise<number> {
    const startMs = performance.now();
    const child = this.#child;
    const isGuarding = (): boolean => this.#log.includes('"message":"guarding"');
    await until(() => child.exitCode !== null || isGuarding(), startTimeoutMs);
    if (!isGuarding()) throw new Error(`cannot start the daemon; its log:\n${this.#log}`);
    return performance.now() - startMs;
  }

  /** Alerts that were printed so far. */
  get alertCount(): number {
    return this.#lineCount;
  }

  /** Alerts that were printed while they were parsed. */
  get arrived(): readonly ArrivedAlert[] {
    return this.#arrived;
  }

  /** Counts lines from now on without reading what they say: a cheap reader. */
  countOnly(): void {
    this.#isParsing = false;
  }

  /** Its control socket. */
  get socketPath(): string {
    return this.#socketPath;
  }

  /** Has it read its files again; one that refuses is an error of the bench. */
  async reload(): Promise<ReloadReport> {
    const answer = await createControlClient(this.#socketPath).post("/v1/reload", {});
    if (!answer.ok) throw new Error(`cannot reload: ${JSON.stringify(answer.error)}`);
    // The daemon's own answer, of the type that it is written from.
    return JSON.parse(answer.value) as ReloadReport;
  }

  async status(): Promise<Status> {
    const answer = await createControlClient(this.#socketPath).get("/v1/status");
    if (!answer.ok) throw new Error(`cannot ask the daemon: ${JSON.stringify(answer.error)}`);
    // The daemon's own answer, of the type that it is written from.
    return JSON.parse(answer.value) as Status;
  }

  /** Time on a processor so far, nanoseconds: the first number of each thread's schedstat (proc(5)). */
  cpuNs(): number {
    const tasks = `/proc/${this.#pid()}/task`;
    return readdirSync(tasks)
      .map((tid) => Number(readFileSync(`${tasks}/${tid}/schedstat`, "utf8").split(" ", 1)[0]))
      .reduce((sum, ns) => sum + ns, 0);
  }

  /** Resolves when it has worked off what it has: 50 ms with hardly any work. Rejects after 20 s. */
  async idle(): Promise<void> {
    const deadlineMs = performance.now() + idleTimeoutMs;
    for (let beforeNs = this.cpuNs(), usedNs = Infinity; usedNs > idleNsMax;) {
      if (performance.now() > deadlineMs) throw new Error("the daemon does not come to rest");
      await delay(idleWindowMs);
      const nowNs = this.cpuNs();
      usedNs = nowNs - beforeNs;
      beforeNs = nowNs;
    }
  }

  /** Resident memory, bytes. */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.#pid()}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** Freezes it, or lets it go on. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(signal);
  }

  /** Ends it; by force when it takes too long. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
    child.kill("SIGCONT");
    child.kill("SIGTERM");
    await exited;
    clearTimeout(timer);
  }

  #pid(): number {
    return this.#child.pid ?? 0;
  }

  #take(chunk: Buffer): void {
    const arrivedMs = performance.timeOrigin + performance.now();
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) {
      this.#lineCount += 1;
    }
    if (!this.#isParsing) return;
    const lines = (this.#rest + chunk.toString()).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      // What the daemon prints; the type names what is used of it.
      this.#arrived.push({ alert: JSON.parse(line) as PrintedAlert, arrivedMs });
    }
  }
}
