// The authorization plugin's place in the daemon: the door with a judge of its own, so that the guard thread is never
// waited for, and the socket that the engine's questions come in by. In the main thread.
// SPDX-License-Identifier: Apache-2.0
import { lstat, readlink, stat } from "node:fs/promises";
import type { AlertFlow } from "./alert-flow.ts";
import { listenOnSocket } from "./control/socket.ts";
import { CurrentJudge } from "./current-judge.ts";
import { ContainerRecord } from "./enrich/container-record.ts";
import { readDetails } from "./enrich/container-facts.ts";
import type { ContainerInventory } from "./enrich/containers.ts";
import { readImageFacts, toImage } from "./enrich/image-facts.ts";
import { draftAlert } from "./guard/alert-draft.ts";
import { runInSlices } from "./guard/slices.ts";
import { loadJudge, loadJudgeInSteps, type LoadedJudge } from "./judge.ts";
import type { Container } from "./model/container.ts";
import type { Host } from "./model/event.ts";
import type { GenerationSettings } from "./model/guard-messages.ts";
import type { Clock, ContainerEngine, Log } from "./model/ports.ts";
import type { PluginStatus } from "./model/status.ts";
import type { Settings } from "./settings.ts";
import { assert } from "./util/assert.ts";
import { memberOf } from "./util/unknown-value.ts";
import { Door, heartbeatImage, type DoorSettings } from "../plugin/door.ts";
import { sensitivePlaces, type HostFiles, type SensitivePlace } from "../plugin/reach.ts";
import { textsOf, type KnownImage, type Surroundings } from "../plugin/resolve.ts";
import { createAuthorizationServer } from "../plugin/server.ts";

/** What the door is set up with. */
interface DoorkeeperOptions {
  readonly first: { readonly loaded: LoadedJudge; readonly mode: "monitor" | "enforce" };
  readonly socketPath: string;
  readonly settings: () => DoorSettings;
  readonly engine: ContainerEngine;
  readonly inventory: Pick<ContainerInventory, "get" | "list" | "status">;
  readonly alerts: AlertFlow;
  readonly host: Host;
  readonly clock: Clock;
  readonly log: Log;
}

interface Start {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
}

const heartbeatEveryMs = 5_000;
/** Some heartbeats may be late. */
const heartbeatFreshMs = 20_000;

/** Builds it over the settings that the daemon starts with. */
export function createDoorkeeper(
  { settings, clock, log }: Start,
  parts: Pick<DoorkeeperOptions, "engine" | "inventory" | "host" | "settings" | "alerts">,
): Doorkeeper {
  const { loaded } = loadJudge(settings.sources);
  assert(loaded !== undefined, "the files have been checked");
  return new Doorkeeper({
    ...parts,
    first: { loaded, mode: settings.config.mode },
    socketPath: settings.config.plugin.socket,
    ...{ clock, log },
  });
}

/** Keeps the door: listens, exchanges its judge, sees whether the engine really asks. */
export class Doorkeeper {
  readonly #options: DoorkeeperOptions;
  readonly #judge: CurrentJudge;
  readonly #door: Door;
  readonly #server: ReturnType<typeof createAuthorizationServer>;
  #mode: "monitor" | "enforce";
  #isPaused = false;
  #wasAsked = false;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(options: DoorkeeperOptions) {
    const { first, clock, alerts, settings, host, log } = options;
    this.#options = options;
    this.#mode = first.mode;
    this.#judge = new CurrentJudge(first, () => clock.monotonicMs());
    this.#door = new Door({
      ...{ settings, host, clock, log },
      judge: this.#judge,
      around: surroundingsOf(options),
      mode: () => (this.#isPaused ? "monitor" : this.#mode),
      draft: draftAlert,
      onDrafts: (drafts) => {
        alerts.take(drafts);
      },
    });
    this.#server = createAuthorizationServer(this.#door);
  }

  /** Listens. Rejects when it cannot. */
  async start(): Promise<void> {
    const { socketPath, settings, log } = this.#options;
    const listening = await listenOnSocket(this.#server, { path: socketPath });
    if (!listening.ok) throw listening.error;
    log.info("the door is open for the engine's authorization plugin", {
      socket: socketPath,
      deadline_ms: settings().deadlineMs,
      on_failure: settings().onFailure,
    });
    this.#heartbeat = setInterval(() => {
      void this.#beat();
    }, heartbeatEveryMs);
    void this.#beat();
  }

  stop(): Promise<void> {
    clearInterval(this.#heartbeat);
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#server.closeAllConnections();
    });
  }

  /** Builds another generation aside, between the turns of the event loop, and puts it in force. */
  async swap(next: GenerationSettings): Promise<void> {
    const { clock } = this.#options;
    const { value } = await runInSlices(loadJudgeInSteps(next), () => clock.monotonicMs());
    assert(value.loaded !== undefined, "the files of a reload have been checked");
    this.#judge.swap({ loaded: value.loaded, mode: next.mode });
    this.#mode = next.mode;
  }

  /** While a text is set nothing is refused. */
  setPaused(text: string | undefined): void {
    this.#isPaused = text !== undefined;
    this.#judge.setPaused(text);
  }

  get alertsSent(): number {
    return this.#options.alerts.sent;
  }

  status(): PluginStatus {
    const { socketPath, settings } = this.#options;
    const { asked, refused, failures, lastAskedMs } = this.#door.counters();
    return {
      ...{ socket: socketPath, asked, refused, failures },
      isAsked: this.#isAsked(),
      onFailure: settings().onFailure,
      ...(lastAskedMs === undefined ? {} : { lastAskedMs }),
    };
  }

  #isAsked(): boolean {
    const { lastHeartbeatMs = 0 } = this.#door.counters();
    return this.#options.clock.nowMs() - lastHeartbeatMs < heartbeatFreshMs;
  }

  // Asks the engine for an image that there is none of: when it asks us about that, it asks us about everything.
  async #beat(): Promise<void> {
    const { engine, inventory, log, settings } = this.#options;
    if (!inventory.status().isConnected) return;
    await engine.inspectImage(heartbeatImage, settings().deadlineMs);
    const isAsked = this.#isAsked();
    if (this.#wasAsked && !isAsked)
      log.error("the engine does not ask any more: its authorization plugin was taken away", {});
    this.#wasAsked = isAsked;
  }
}

function surroundingsOf(options: DoorkeeperOptions): Surroundings {
  const { engine, inventory, settings } = options;
  return {
    image: (reference) => findImage(engine, reference, settings().deadlineMs),
    container: (reference) => findContainer(options, reference),
    volume: async (name) => {
      const answer = await engine.inspectVolume(name, settings().deadlineMs);
      return answer.ok ? answer.value : undefined;
    },
    places: (): readonly SensitivePlace[] => {
      const socket = engine.address.replace(/^unix:\/\//, "");
      return sensitivePlaces({
        dataRoot: inventory.status().engine?.dataRoot,
        ...(socket.startsWith("/") ? { socket } : {}),
      });
    },
    files: hostFiles,
  };
}

async function findImage(
  engine: ContainerEngine,
  reference: string,
  timeoutMs: number,
): Promise<KnownImage> {
  const answer = await engine.inspectImage(reference, timeoutMs);
  if (!answer.ok && answer.error.kind !== "gone") throw new Error(answer.error.message);
  const value = answer.ok ? answer.value : undefined;
  const facts = readImageFacts(value);
  const config = memberOf(value, "Config");
  return {
    image: toImage({ reference, id: undefined }, facts),
    digestRepositories: (facts?.digests ?? []).map(
      ({ normalizedRepository }) => normalizedRepository,
    ),
    tagRepositories: (facts?.tags ?? []).map(({ normalizedRepository }) => normalizedRepository),
    entrypoint: textsOf(memberOf(config, "Entrypoint")),
    cmd: textsOf(memberOf(config, "Cmd")),
  };
}

// The engine takes a full id first, then a name, then the beginning of an id (daemon.GetContainer).
async function findContainer(
  { engine, inventory, settings }: DoorkeeperOptions,
  reference: string,
): Promise<Container | undefined> {
  const name = reference.replace(/^\//, "");
  const alive = inventory.list().filter(({ state }) => state !== "dead");
  const known = inventory.get(name) ?? alive.find((container) => container.name === name);
  if (known?.isComplete === true) return known;
  const answer = await engine.inspect(name, settings().deadlineMs);
  if (!answer.ok) {
    if (answer.error.kind === "gone") return known;
    throw new Error(answer.error.message);
  }
  const details = readDetails(answer.value);
  if (details === undefined) return known;
  const listed = inventory.get(details.id);
  if (listed?.isComplete === true) return listed;
  const record = new ContainerRecord(details);
  if (record.imageId !== undefined) {
    const image = await engine.inspectImage(record.imageId, settings().deadlineMs);
    const facts = image.ok ? readImageFacts(image.value) : undefined;
    if (facts !== undefined) record.takeImage(facts);
  }
  return record.container;
}

// As the host's first process sees them: the service may have a /tmp or /dev of its own.
const hostRoot = "/proc/1/root";
const linksMax = 64;

/** Follows links by hand, since those with an absolute target would lead out of the host's root into ours. */
async function follow(root: string, path: string): Promise<string> {
  let left = path.split("/");
  let at = "";
  let links = 0;
  while (left.length > 0) {
    const [segment = "", ...rest] = left;
    left = rest;
    if (segment === "" || segment === ".") continue;
    if (segment === "..") {
      at = at.slice(0, Math.max(0, at.lastIndexOf("/")));
      continue;
    }
    const next = `${at}/${segment}`;
    if (!(await lstat(root + next)).isSymbolicLink()) {
      at = next;
      continue;
    }
    links += 1;
    if (links > linksMax) throw new Error("too many links");
    const target = await readlink(root + next);
    if (target.startsWith("/")) at = "";
    left = [...target.split("/"), ...left];
  }
  return at === "" ? "/" : at;
}

const hostFiles: HostFiles = {
  // What is not there for the first process may be there for us: the engine may have a root of its own as well.
  realPath: (path) =>
    follow(hostRoot, path)
      .catch(() => follow("", path))
      .catch(() => undefined),
  identity: (path) =>
    stat(hostRoot + path, { bigint: true })
      .catch(() => stat(path, { bigint: true }))
      .then(
        ({ dev, ino }) => `${dev}:${ino}`,
        () => undefined,
      ),
};
