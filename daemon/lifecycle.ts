// Starts the parts in order and stops them in reverse, with a deadline on each stop.
// SPDX-License-Identifier: Apache-2.0
import { blindBefore } from "./blind-times.ts";
import { compose, type ComposeOptions, type Parts } from "./compose.ts";
import { FileWatching } from "./file-watching.ts";
import type { GuardListener } from "./guard.ts";
import { keepGate, serveWhenReady } from "./kept-gate.ts";
import { readRunRecord, type RunRecord } from "./host/run-record.ts";
import type { ReloadReport } from "./model/generation.ts";
import type { Log } from "./model/ports.ts";
import { ServiceStatus, type ServiceFacts } from "./service-status.ts";

/** A daemon that guards. */
export interface RunningDaemon {
  /** Opens the files of outputs anew: something has moved them away. */
  reopenOutputs(): void;
  /** Reads all files again and puts them in force, or keeps what there is; the log and the status tell. */
  reload(by: string): Promise<ReloadReport>;
  /** Stops everything; the kernel allows what still waits. Never rejects. */
  stop(): Promise<void>;
}

/** What the daemon tells its service manager (sd_notify(3)); nothing when there is none. */
export type Notify = (message: string) => void;

const stopTimeoutMs = 3_000;
/** What the start waits for an engine: one that systemd starts on our READY=1 alone must not wait for us longer. */
const engineWaitMs = 1_000;

/** What a daemon is started with. */
export interface DaemonOptions extends ComposeOptions {
  /** The guard thread died: nothing is decided any more. */
  readonly onDeath: (reason: string) => void;
}

/** Starts a daemon. Rejects with an error whose message says what to do; nothing is left running then. */
export async function startDaemon(options: DaemonOptions, notify: Notify): Promise<RunningDaemon> {
  const { log } = options;
  const { config } = options.settings;
  // Before this run writes its own.
  const lastRun = await readRunRecord(config.stateDirectory);
  const parts = await compose(options);
  const serving = serveWhenReady(parts.gate, log);
  const service = new ServiceStatus({
    notify,
    facts: () => serviceFacts(parts),
    monotonicUs: () => process.hrtime.bigint() / 1_000n,
  });
  const stops: Stop[] = [
    { name: "the record of this run", stop: () => parts.runs.stop() },
    {
      name: "hooks",
      stop: () => {
        parts.hooks.close();
      },
    },
    {
      name: "gate",
      stop: () => {
        parts.gate.close();
      },
    },
  ];
  try {
    await startParts(parts, stops, { listener: listenerOf(parts, options, service), log });
    keepGate(parts.gate, config.gate, options);
    serving.ready();
  } catch (error) {
    serving.giveUp();
    await stopAll(stops, log);
    throw error;
  }
  if (lastRun !== undefined) tellBlindness(lastRun, parts, options);
  void parts.unguarded.look(lastRun);
  parts.runs.beat();
  log.info("guarding", {
    mode: config.mode,
    engine: parts.inventory.status().engine?.version ?? "not reachable yet",
    containers: parts.guarding.rootCount(),
    deadline_ms: config.gate.deadlineMs,
    on_deadline: config.gate.onDeadline,
  });
  service.ready();
  followFiles(parts, options, { service, stops });
  return {
    reopenOutputs() {
      parts.outputs.reopen();
    },
    reload: (by) => parts.generations.reload(by),
    async stop() {
      service.stopping();
      await stopAll(stops, log);
    },
  };
}

// Reloads are told to the service manager, and begun where a file changes.
function followFiles(
  { generations }: Parts,
  { configFile, log }: DaemonOptions,
  { service, stops }: { readonly service: ServiceStatus; readonly stops: Stop[] },
): void {
  generations.listen({
    onBegin: () => {
      service.reloading();
    },
    onEnd: () => {
      service.reloaded();
    },
  });
  const watching = new FileWatching({ configFile, generations, log });
  stops.push({
    name: "file watch",
    stop: () => {
      watching.stop();
    },
  });
  void watching.start();
}

function serviceFacts({
  enforcement,
  gate,
  generations,
  guarding,
  inventory,
}: Parts): ServiceFacts {
  const { engine, isConnected } = inventory.status();
  const { isPaused, untilMs } = enforcement.state;
  return {
    mode: generations.config.mode,
    containers: guarding.rootCount(),
    generation: generations.info.number,
    isDetectOnly: gate.handle === 0,
    ...(isConnected && engine !== undefined ? { engineVersion: engine.version } : {}),
    ...(isPaused && untilMs !== undefined ? { pausedUntilMs: untilMs } : {}),
    isReloadRefused: generations.last?.result === "refused",
  };
}

function listenerOf(
  { alerts, guarding, blindTimes, runs }: Parts,
  { onDeath }: DaemonOptions,
  service: ServiceStatus,
): GuardListener {
  return {
    onAlerts(drafts) {
      alerts.take(drafts);
      for (const { alert } of drafts) {
        if (alert.container !== undefined) guarding.users.refresh(alert.container);
      }
    },
    onCover({ containerId, pid }) {
      void guarding.cover(containerId, pid);
    },
    onHeartbeat() {
      service.heartbeat();
      blindTimes.look();
      runs.beat();
    },
    onDeath,
  };
}

/** Tells since when nobody has guarded. */
function tellBlindness(
  lastRun: RunRecord,
  { blindTimes, gate, runs }: Parts,
  { clock, log }: DaemonOptions,
): void {
  const atMs = clock.nowMs();
  const { isTakenOver } = gate;
  const time = blindBefore(lastRun, { bootId: runs.bootId, atMs, isTakenOver });
  blindTimes.add(time);
  log.warn("execs went unseen while no daemon guarded", {
    from: new Date(time.fromMs).toISOString(),
    to: new Date(atMs).toISOString(),
    reason: time.reason,
  });
}

interface Stop {
  readonly name: string;
  readonly stop: () => void | Promise<void>;
}

interface Hearers {
  readonly listener: GuardListener;
  readonly log: Log;
}

async function startParts(parts: Parts, stops: Stop[], { listener, log }: Hearers): Promise<void> {
  const { guard, inventory, guarding, witnessing, control, outputs, alerts, engine } = parts;
  const { doorkeeper } = parts;
  stops.push({ name: "outputs", stop: () => outputs.close(stopTimeoutMs) });
  stops.push({ name: "actions", stop: () => alerts.settled() });
  stops.push({
    name: "enforcement",
    stop: () => {
      parts.enforcement.stop();
    },
  });
  stops.push({ name: "guard", stop: () => guard.stop() });
  await guard.start(listener);
  stops.push({
    name: "witness",
    stop: () => {
      witnessing.stop();
    },
  });
  witnessing.start();
  const listening = await control.start();
  if (!listening.ok) throw listening.error;
  stops.push({ name: "control", stop: () => control.stop() });
  await doorkeeper.start();
  stops.push({ name: "door", stop: () => doorkeeper.stop() });
  stops.push({
    name: "engine",
    stop: () => {
      inventory.stop();
      engine.close();
    },
  });
  await tryEngine(parts, log);
  await guarding.start();
}

/**
 * Begins to follow the engine and waits a moment for its answer: where it comes, the engine's own directory is marked, and
 * no other engine's; where it does not, the start goes on, and connecting does too.
 */
async function tryEngine({ engine, inventory }: Parts, log: Log): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => {
      resolve("late");
    }, engineWaitMs);
  });
  const tried = await Promise.race([inventory.start(), late]);
  clearTimeout(timer);
  if (tried !== "late") return;
  log.warn("the container engine does not answer yet: guarding without it until it does", {
    address: engine.address,
    waited_ms: engineWaitMs,
  });
}

async function stopAll(stops: readonly Stop[], log: Log): Promise<void> {
  for (const { name, stop } of [...stops].reverse()) {
    const timer = new AbortController();
    const late = new Promise<void>((resolve) => {
      const handle = setTimeout(() => {
        log.warn("a part did not stop in time", { part: name, timeout_ms: stopTimeoutMs });
        resolve();
      }, stopTimeoutMs);
      timer.signal.addEventListener("abort", () => {
        clearTimeout(handle);
      });
    });
    try {
      await Promise.race([stop(), late]);
    } catch (error) {
      log.error("a part failed to stop", { part: name, error });
    }
    timer.abort();
  }
}
