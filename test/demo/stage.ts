// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { createControlClient } from "../../daemon/cli/client.ts";
import type { Status } from "../../daemon/model/status.ts";
import { openDoor, type TestDoor } from "../support/door.ts";
import { startEngine, type CommandResult, type TestEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";
import { startDaemonProgram, type DaemonProgram } from "./daemon-program.ts";
import type { Screen } from "./screen.ts";
import { startWebServer, type WebServer } from "./web-server.ts";

/** How the daemon of a scene is set up; a file that is left out is the shipped one. */
export interface DaemonSetup {
  readonly mode: "monitor" | "enforce";
  readonly allowlist?: string;
  readonly policies?: string;
}

/** Where a daemon finds the engine, and is asked by its door. */
interface DaemonPlaces {
  readonly host: string;
  readonly door: string;
}

const triesMax = 200;
const tryEveryMs = 50;

const shipped = fileURLToPath(new URL("../../../rules/", import.meta.url));

/** What scenes are played on: an engine, a web server, and a daemon that each scene sets up anew. */
export class Stage {
  readonly #screen: Screen;
  readonly #directory = mkdtempSync(join(tmpdir(), "execwarden-demo-"));
  readonly #socketPath = join(this.#directory, "control.sock");
  readonly #logFile = join(this.#directory, "daemon.log");
  readonly #engineConfig = join(this.#directory, "daemon.json");
  // Promises, so that whatever is still starting can be waited for and ended.
  #web: Promise<WebServer> | undefined;
  #engine: Promise<TestEngine> | undefined;
  #door: Promise<TestDoor> | undefined;
  #daemon: Promise<DaemonProgram> | undefined;
  #isStruck = false;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Starts the web server and the engine, and builds the image. */
  async build(): Promise<void> {
    writeFileSync(this.#engineConfig, "{}");
    await this.#step("a web server on loopback", () => (this.#web = startWebServer()));
    const engine = await this.#step(
      "a Docker engine of its own",
      () => (this.#engine = startEngine({ flags: [`--config-file=${this.#engineConfig}`] })),
    );
    this.#door = openDoor("execwarden-demo");
    await this.#door;
    await this.#step(`the image ${images.curl}, with the curl of this machine`, () =>
      buildImages(engine),
    );
  }

  /** The running web server. */
  get web(): Promise<WebServer> {
    return present(this.#web);
  }

  /** Types a docker command and shows what it printed. */
  async docker(...args: readonly string[]): Promise<CommandResult> {
    this.#check();
    this.#screen.command(["docker", ...args].join(" "));
    const result = await this.dockerQuietly(...args);
    const text = `${result.stdout}${result.stderr}`;
    if (text.trim() !== "") this.#screen.printed(text);
    return result;
  }

  /** Runs a docker command that is not part of the story. */
  async dockerQuietly(...args: readonly string[]): Promise<CommandResult> {
    const engine = await present(this.#engine);
    const result = await engine.docker(...args);
    this.#check();
    return result;
  }

  /** Waits for the daemon's next event and shows it; its text without colours, empty when none came. */
  async event(): Promise<string> {
    const daemon = await present(this.#daemon);
    const event = await daemon.nextEvent();
    this.#check();
    if (event === undefined) return "";
    this.#screen.event(event);
    return stripVTControlCharacters(event);
  }

  /** Has the engine ask the daemon about each request, or nobody any more. */
  async setDoor(isKept: boolean): Promise<void> {
    const engine = await present(this.#engine);
    const { name } = await present(this.#door);
    const plugins = isKept ? { "authorization-plugins": [name] } : {};
    writeFileSync(this.#engineConfig, JSON.stringify(plugins));
    process.kill(Number(readFileSync(join(engine.directory, "dockerd.pid"), "utf8")), "SIGHUP");
    for (let tries = 0; tries < triesMax; tries += 1) {
      const { asked } = (await this.#status()).plugin;
      await this.dockerQuietly("version");
      if ((await this.#status()).plugin.asked > asked === isKept) return;
      await delay(tryEveryMs);
    }
    throw new Error("cannot change the plugins of the demo's engine");
  }

  /** Execs in containers that the daemon has seen since its start. */
  async execsSeen(): Promise<number> {
    return (await this.#status()).gate.counters.seen;
  }

  async #status(): Promise<Status> {
    const answer = await createControlClient(this.#socketPath).get("/v1/status");
    if (!answer.ok) throw new Error(answer.error.message);
    // The daemon's own answer, of the type that it is written from.
    return JSON.parse(answer.value) as Status;
  }

  /** What the daemon of this scene has logged. */
  daemonLog(): string {
    return readFileSync(this.#logFile, "utf8");
  }

  /** Stops the daemon of the last scene and starts one with this set-up. */
  async restartDaemon(setup: DaemonSetup): Promise<void> {
    await this.#stopDaemon();
    const { host } = await present(this.#engine);
    const { socket } = await present(this.#door);
    this.#check();
    writeFileSync(this.#logFile, "");
    this.#daemon = startDaemonProgram({
      configFile: this.#writeFiles({ host, door: socket }, setup),
      logFile: this.#logFile,
      hasTerminal: this.#screen.isTerminal,
    });
    await this.#daemon;
  }

  /** Ends and removes everything that was started, finished or not. Safe to call at any time. */
  async strike(): Promise<void> {
    this.#isStruck = true;
    await this.#stopDaemon();
    await this.#web?.then((web) => {
      web.stop();
    }, ignored);
    await this.#engine?.then((engine) => engine.stop(), ignored);
    await this.#door?.then((door) => door.stop(), ignored);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  // Nothing is started or shown any more once the stage is being struck.
  #check(): void {
    if (this.#isStruck) throw new Error("cannot go on: the demo is ending");
  }

  async #stopDaemon(): Promise<void> {
    await this.#daemon?.then((daemon) => daemon.stop(), ignored);
    this.#daemon = undefined;
  }

  async #step<T>(text: string, work: () => Promise<T>): Promise<T> {
    const step = this.#screen.step(text);
    const result = await work();
    this.#check();
    step.finish();
    return result;
  }

  #writeFiles(places: DaemonPlaces, { mode, allowlist, policies }: DaemonSetup): string {
    const write = (name: string, text: string): string => {
      const path = join(this.#directory, name);
      writeFileSync(path, text);
      return path;
    };
    const config = {
      docker: { host: places.host },
      mode,
      rules_files: ["web-fetch.yaml", "docker.yaml", "programs.yaml"].map((name) =>
        join(shipped, name),
      ),
      policies_files: [
        policies === undefined ? join(shipped, "policies.d") : write("policies.yaml", policies),
      ],
      allowlist_file:
        allowlist === undefined
          ? join(shipped, "allowlist.yaml")
          : write("allowlist.yaml", allowlist),
      control: { socket: this.#socketPath },
      plugin: { socket: places.door },
      state_directory: this.#directory,
      outputs: { stdout: { format: "text" } },
    };
    // JSON is YAML.
    return write("execwarden.yaml", JSON.stringify(config, undefined, 2));
  }
}

function present<T>(started: Promise<T> | undefined): Promise<T> {
  return started ?? Promise.reject(new Error("cannot play on a stage that was not built"));
}

// What failed to start was reported by whoever waited for it; there is nothing of it to end.
function ignored(): void {
  return undefined;
}
