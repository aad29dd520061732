// The authorization plugin's place in the daemon: the door with a judge of its own, so that the guard thread is never
// waited for, and the socket that the engine's questions come in by. In the main thread.
// SPDX-License-Identifier: Apache-2.0
import type { AlertFlow } from "./alert-flow.ts";
import { listenOnSocket } from "./control/socket.ts";
import { createDoorSurroundings } from "./door-surroundings.ts";
import { CurrentJudge } from "./current-judge.ts";
import type { ContainerInventory } from "./enrich/containers.ts";
import { draftAlert } from "./guard/alert-draft.ts";
import type { Guard } from "./guard.ts";
import { runInSlices } from "./guard/slices.ts";
import type { Binding } from "./kernel/binding.ts";
import { loadJudge, loadJudgeInSteps, type LoadedJudge } from "./judge.ts";
import { EngineClients } from "./engine-clients.ts";
import type { AskedBy } from "./model/docker-client.ts";
import type { EngineFacts } from "./model/engine-event.ts";
import type { Host } from "./model/event.ts";
import type { GenerationSettings } from "./model/guard-messages.ts";
import type { JudgedMount } from "./model/mount-origin.ts";
import type { Clock, ContainerEngine, Log } from "./model/ports.ts";
import type { PluginStatus } from "./model/status.ts";
import type { Settings } from "./settings.ts";
import { assert } from "./util/assert.ts";
import { Attribution } from "../plugin/attribution.ts";
import { Door, heartbeatContainer, type DoorSettings } from "../plugin/door.ts";
import { hidesBodies, showsAllSince } from "../plugin/hidden-bodies.ts";
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
  /** Who is connected to the engine. */
  readonly clients: EngineClients;
  readonly onAsked: (asked: readonly AskedBy[]) => void;
  /** A container is about to be started with these places of the host. */
  readonly onStart: (containerId: string, mounts: readonly JudgedMount[]) => void;
  readonly clock: Clock;
  readonly log: Log;
}

interface Start {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the engine tells of, and what was asked then. */
const heardActions: Readonly<Record<string, string>> = {
  create: "container.create",
  exec_create: "exec.create",
  exec_start: "exec.start",
  start: "container.start",
};

const starting: ReadonlySet<string> = new Set([
  ...["exec.start", "container.start", "container.restart"],
]);

const tellWithinMs = 20;
const heartbeatEveryMs = 5_000;
/** Some heartbeats may be late. */
const heartbeatFreshMs = 20_000;

/** Builds it over the settings that the daemon starts with. */
export function createDoorkeeper(
  { settings, clock, log }: Start,
  {
    binding,
    guard,
    ...parts
  }: Pick<
    DoorkeeperOptions,
    "engine" | "inventory" | "host" | "settings" | "alerts" | "onStart"
  > & {
    readonly binding: Binding;
    readonly guard: Pick<Guard, "post">;
  },
): Doorkeeper {
  const { loaded } = loadJudge(settings.sources);
  assert(loaded !== undefined, "the files have been checked");
  return new Doorkeeper({
    ...parts,
    first: { loaded, mode: settings.config.mode },
    socketPath: settings.config.plugin.socket,
    clients: new EngineClients(binding, () => clock.monotonicMs()),
    onAsked: (asked) => {
      guard.post({ kind: "asked", asked });
    },
    ...{ clock, log },
  });
}

/** Keeps the door: listens, exchanges its judge, sees whether the engine really asks. */
export class Doorkeeper {
  readonly #options: DoorkeeperOptions;
  readonly #judge: CurrentJudge;
  readonly #door: Door;
  readonly #attribution: Attribution;
  readonly #server: ReturnType<typeof createAuthorizationServer>;
  #mode: "monitor" | "enforce";
  #isPaused = false;
  #wasAsked = false;
  #heartbeat: NodeJS.Timeout | undefined;
  #untold: AskedBy[] = [];
  #tellSoon: NodeJS.Timeout | undefined;

  constructor(options: DoorkeeperOptions) {
    const { first, clock, alerts, settings, host, clients, log } = options;
    const { engine, inventory } = options;
    this.#options = options;
    this.#attribution = new Attribution({
      ownPid: clients.ownPid,
      look: () => clients.look(),
      commandLine: (pid) => clients.commandLine(pid),
      describe: (pid, confidence) => clients.describe(pid, confidence),
      holds: (pid, inode) => clients.holds(pid, inode),
      tell: (asked) => {
        this.#tell(asked);
      },
    });
    this.#mode = first.mode;
    this.#judge = new CurrentJudge(first, () => clock.monotonicMs());
    this.#door = new Door({
      ...{ settings, host, clock, log },
      judge: this.#judge,
      around: createDoorSurroundings({
        ...{ engine, inventory },
        deadlineMs: () => settings().deadlineMs,
      }),
      attribution: this.#attribution,
      mode: () => (this.#isPaused ? "monitor" : this.#mode),
      draft: draftAlert,
      onStart: options.onStart,
      onDrafts: (drafts) => {
        alerts.take(drafts);
      },
    });
    this.#server = createAuthorizationServer(this.#door);
  }

  /** The engine has answered, the first time or again. */
  engineAnswered(): void {
    this.#options.clients.engineAnswered();
  }

  /** Listens. Rejects when it cannot. */
  async start(): Promise<void> {
    const { socketPath, settings, log } = this.#options;
    const listening = await listenOnSocket(this.#server.server, { path: socketPath });
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
    return this.#server.close();
  }

  /** Builds another generation aside, between the turns of the event loop, and puts it in force. */
  async swap(next: GenerationSettings): Promise<void> {
    const { clock } = this.#options;
    const { value } = await runInSlices(loadJudgeInSteps(next), () => clock.monotonicMs());
    assert(value.loaded !== undefined, "the files of a reload have been checked");
    this.#judge.swap({ loaded: value.loaded, mode: next.mode });
    this.#mode = next.mode;
  }

  /** What the guard thread is to know before it hears of this event of the engine. */
  heard(facts: EngineFacts): readonly AskedBy[] {
    return [...this.#takeUntold(), ...this.#guess(facts)];
  }

  // Where the engine does not ask us: who asked for what it tells of, as far as command lines say.
  #guess(facts: EngineFacts): readonly AskedBy[] {
    const { type, action, execId, execCommand = "", containerId, name = "", image = "" } = facts;
    const asked = type === "container" ? heardActions[action] : undefined;
    if (asked === undefined || containerId === undefined || this.#isAsked()) return [];
    const client = this.#attribution.guess({
      action: asked,
      target: execId ?? containerId,
      names: [containerId, name, image],
      command: execCommand,
    });
    if (client === undefined) return [];
    // Without the command: the exec may have begun by now, and is not to be waited for as one that is still to come.
    const told = { client, action: asked, containerId };
    return [execId === undefined ? told : { ...told, execId }];
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
      listeners: this.#options.clients.listeners(),
      ...(lastAskedMs === undefined ? {} : { lastAskedMs }),
    };
  }

  // A start is told before the engine has its answer, since the first exec comes of it; the rest before the engine's next
  // event, or soon: each telling wakes another thread.
  #tell(asked: AskedBy): void {
    this.#untold.push(asked);
    this.#tellSoon ??= setTimeout(() => {
      this.#tellAll();
    }, tellWithinMs).unref();
    if (starting.has(asked.action)) this.#tellAll();
  }

  #tellAll(): void {
    const untold = this.#takeUntold();
    if (untold.length > 0) this.#options.onAsked(untold);
  }

  #takeUntold(): readonly AskedBy[] {
    clearTimeout(this.#tellSoon);
    this.#tellSoon = undefined;
    const untold = this.#untold;
    this.#untold = [];
    return untold;
  }

  #isAsked(): boolean {
    const { lastHeartbeatMs = 0 } = this.#door.counters();
    return this.#options.clock.nowMs() - lastHeartbeatMs < heartbeatFreshMs;
  }

  // Asks the engine for a container that there is none of: when it asks us about that, it asks us about everything.
  async #beat(): Promise<void> {
    const { engine, inventory, clients, log, settings } = this.#options;
    if (!inventory.status().isConnected) return;
    // On nobody's way: what is looked at for each request is found to be all there is.
    clients.look(true);
    await engine.list(settings().deadlineMs, heartbeatContainer);
    const isAsked = this.#isAsked();
    if (this.#wasAsked && !isAsked)
      log.error("the engine does not ask any more: its authorization plugin was taken away", {});
    const version = inventory.status().engine?.version ?? "";
    if (!this.#wasAsked && isAsked && hidesBodies(version))
      log.warn(
        "this engine hides some bodies from its plugins: such requests are refused in enforce mode",
        {
          version,
          shows_all_since: showsAllSince,
        },
      );
    this.#wasAsked = isAsked;
  }
}
