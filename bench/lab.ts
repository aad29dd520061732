// SPDX-License-Identifier: Apache-2.0
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assert } from "../daemon/util/assert.ts";
import { startEngine, type CommandResult, type TestEngine } from "../test/support/engine.ts";
import { importImage } from "../test/support/images.ts";
import { DaemonRun } from "./daemon-run.ts";

/** Programs of the bench's image, all of them static. `alerted` is the no-op by another name. */
export const programs = {
  quiet: "/bin/no-op",
  alerted: "/bin/alerted",
  loop: "/bin/exec-loop",
} as const;

/** The image that has them, and a busybox shell. */
export const benchImage = "bench/programs:1";

/** The rule that every start of `alerted` matches. */
const alertRule = "Bench Program Started";
/** A rule that nothing matches. A policy that refuses on it has every exec held, and lets it go. */
export const refusedRule = "Bench Program That Is Not There";

/** How a daemon is set up. */
export interface DaemonSetup {
  readonly mode: "monitor" | "enforce";
  /** Off when left out. */
  readonly witness?: "off" | "gaps" | "full";
  readonly policies?: string;
  /** Further rule files, read before the bench's own. */
  readonly rulesFiles?: readonly string[];
  /** Of `outputs.webhooks`. */
  readonly webhooks?: readonly object[];
  /** Further keys of execwarden.yaml. */
  readonly config?: Readonly<Record<string, unknown>>;
}

const execute = promisify(execFile);
const sources = fileURLToPath(new URL("../../bench/", import.meta.url));
const shippedRules = fileURLToPath(new URL("../../rules/web-fetch.yaml", import.meta.url));
const loopTimeoutMs = 120_000;

const rules = `- rule: ${alertRule}
  desc: The bench started the program that it wants alerts for.
  condition: evt.type in (execve, execveat) and proc.name = alerted and container.id != host
  output: Bench program started (command=%proc.cmdline image=%container.image.repository container=%container.name)
  priority: NOTICE
  tags: [bench]
- rule: ${refusedRule}
  desc: Never.
  condition: evt.type in (execve, execveat) and proc.name = not-there and container.id != host
  output: Never
  priority: NOTICE
`;

/** An engine of its own, the bench's image, and daemons. `strike` ends all of it, at any time. */
export class Lab {
  readonly #directory = mkdtempSync(join(tmpdir(), "execwarden-bench-"));
  readonly #engineConfig = join(this.#directory, "daemon.json");
  readonly #daemons = new Set<DaemonRun>();
  readonly #startTimesMs: number[] = [];
  #starting: Promise<TestEngine> | undefined;
  #engine: TestEngine | undefined;
  #isStruck = false;

  /** Compiles the programs, starts the engine and makes the image. */
  async build(): Promise<void> {
    this.configureEngine({});
    this.#starting = startEngine({ flags: [`--config-file=${this.#engineConfig}`] });
    const root = join(this.#directory, "root");
    mkdirSync(join(root, "bin"), { recursive: true });
    for (const name of ["no-op", "exec-loop"]) await compile(name, join(root, "bin", name));
    await compile("empty-plugin", this.emptyPlugin);
    cpSync(join(root, programs.quiet), join(root, programs.alerted));
    cpSync("/bin/busybox", join(root, "bin/sh"));
    cpSync("/bin/busybox", join(root, "bin/sleep"));
    this.#engine = await this.#starting;
    await importImage(this.#engine, { root, name: benchImage, changes: [] });
  }

  /** Writes the engine's daemon.json, which it reads at SIGHUP. */
  configureEngine(config: object): void {
    writeFileSync(this.#engineConfig, JSON.stringify(config));
  }

  /** An authorization plugin that lets everything through at once; its argument is where it listens. */
  get emptyPlugin(): string {
    return join(this.#directory, "empty-plugin");
  }

  /** Where the daemon answers for the engine's authorization plugin. */
  get doorSocket(): string {
    return join(this.#directory, "authz.sock");
  }

  /** The private engine. */
  get engine(): TestEngine {
    assert(this.#engine !== undefined, "the lab is built");
    if (this.#isStruck) throw new Error("cannot go on: the bench is ending");
    return this.#engine;
  }

  /** Runs a docker command; one that fails is an error of the bench. */
  async docker(...args: readonly string[]): Promise<CommandResult> {
    const result = await this.engine.docker(...args);
    if (result.code !== 0) throw new Error(`cannot docker ${args.join(" ")}: ${result.stderr}`);
    return result;
  }

  /** Starts a container that does nothing, without network. */
  async startContainer(name: string): Promise<void> {
    await this.docker(
      ...["run", "--detach", "--network=none", "--name", name],
      ...[benchImage, "/bin/sleep", "3600"],
    );
  }

  /** Runs `exec-loop` in a container: nanoseconds of each exec. */
  async execInContainer(container: string, loop: ExecLoop): Promise<readonly number[]> {
    const { host } = this.engine;
    const docker = ["-H", host, "exec", container, programs.loop];
    return this.#runLoop("docker", [...docker, ...loopArguments(loop)]);
  }

  /** Runs `exec-loop` on the host. */
  async execOnHost(loop: ExecLoop): Promise<readonly number[]> {
    const root = join(this.#directory, "root");
    const args = loopArguments({ ...loop, program: join(root, loop.program) });
    return this.#runLoop(join(root, programs.loop), args);
  }

  /** Starts a daemon and waits until it guards. */
  async startDaemon(setup: DaemonSetup): Promise<DaemonRun> {
    const daemon = new DaemonRun(this.#writeFiles(this.engine.host, setup));
    this.#daemons.add(daemon);
    this.#startTimesMs.push(await daemon.started());
    return daemon;
  }

  /** Writes a daemon's files anew, for its next reload. */
  rewrite(setup: DaemonSetup): void {
    this.#writeFiles(this.engine.host, setup);
  }

  /** Ends a daemon. */
  async stopDaemon(daemon: DaemonRun): Promise<void> {
    this.#daemons.delete(daemon);
    await daemon.stop();
  }

  /** From the start of the process to "guarding", of every daemon that was started here. */
  get startTimesMs(): readonly number[] {
    return this.#startTimesMs;
  }

  /** Ends and removes everything, finished or not. */
  async strike(): Promise<void> {
    this.#isStruck = true;
    await Promise.all([...this.#daemons].map((daemon) => daemon.stop()));
    const engine = await this.#starting?.catch(() => undefined);
    await engine?.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #runLoop(program: string, args: readonly string[]): Promise<readonly number[]> {
    const options = { timeout: loopTimeoutMs, maxBuffer: 16 << 20 };
    const { stdout } = await execute(program, args, options);
    return stdout.trimEnd().split("\n").map(Number);
  }

  #writeFiles(host: string, setup: DaemonSetup): { configFile: string; socketPath: string } {
    const write = (name: string, text: string): string => {
      const path = join(this.#directory, name);
      writeFileSync(path, text);
      return path;
    };
    const socketPath = join(this.#directory, "control.sock");
    const config = {
      docker: { host },
      mode: setup.mode,
      witness: { mode: setup.witness ?? "off" },
      rules_files: [...(setup.rulesFiles ?? [shippedRules]), write("rules.yaml", rules)],
      policies_files: [write("policies.yaml", setup.policies ?? "policies: []\n")],
      allowlist_file: write("allowlist.yaml", "allowlists: { web_fetch: { images: [] } }\n"),
      control: { socket: socketPath },
      plugin: { socket: this.doorSocket },
      state_directory: this.#directory,
      gate: { budget: { execs_per_second: 0 } },
      outputs: {
        stdout: { format: "json" },
        spool: { directory: join(this.#directory, "spool") },
        webhooks: setup.webhooks ?? [],
      },
      ...setup.config,
    };
    // JSON is YAML.
    return { configFile: write("execwarden.yaml", JSON.stringify(config)), socketPath };
  }
}

async function compile(name: string, to: string): Promise<void> {
  const flags = ["-O2", "-static", "-pthread", "-D_GNU_SOURCE", "-o", to];
  await execute("gcc", [...flags, join(sources, `${name}.c`)]);
}

/** What `exec-loop` is asked for. */
export interface ExecLoop {
  readonly count: number;
  /** Microseconds between two execs; none when left out. */
  readonly pauseUs?: number;
  /** Path in the image. */
  readonly program: string;
}

function loopArguments({ count, pauseUs = 0, program }: ExecLoop): readonly string[] {
  return [String(count), String(pauseUs), program];
}

/** A policy in force; for the rule that every start of `alerted` matches, unless another is named. */
export function policyThat(action: string, rule = alertRule): string {
  return `policies:
  - name: Bench
    rules: [${rule}]
    mode: enforce
    actions:
      - ${action}
`;
}
