// Starts the parts in order and stops them in reverse, with a deadline on each stop.
// SPDX-License-Identifier: Apache-2.0
import { compose, type ComposeOptions, type Parts } from "./compose.ts";
import type { GuardListener } from "./guard.ts";
import type { ReloadReport } from "./model/generation.ts";
import type { Log } from "./model/ports.ts";

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

/** What a daemon is started with. */
export interface DaemonOptions extends ComposeOptions {
  /** The guard thread died: nothing is decided any more. */
  readonly onDeath: (reason: string) => void;
}

/** Starts a daemon. Rejects with an error whose message says what to do; nothing is left running then. */
export async function startDaemon(options: DaemonOptions, notify: Notify): Promise<RunningDaemon> {
  const { log } = options;
  const { config } = options.settings;
  const parts = await compose(options);
  const stops: Stop[] = [
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
    await startParts(parts, stops, listenerOf(parts, options, notify));
  } catch (error) {
    await stopAll(stops, log);
    throw error;
  }
  const { engine, isConnected } = parts.inventory.status();
  const status = isConnected
    ? `guarding ${parts.guarding.rootCount()} containers in ${config.mode} mode`
    : "waiting for the container engine";
  log.info("guarding", {
    mode: config.mode,
    engine: engine?.version ?? "not reachable yet",
    containers: parts.guarding.rootCount(),
    deadline_ms: config.gate.deadlineMs,
    on_deadline: config.gate.onDeadline,
  });
  notify(`READY=1\nSTATUS=${status}`);
  return {
    reopenOutputs() {
      parts.outputs.reopen();
    },
    reload: (by) => parts.generations.reload(by),
    async stop() {
      notify("STOPPING=1");
      await stopAll(stops, log);
    },
  };
}

function listenerOf(
  { alerts, guarding }: Parts,
  { onDeath }: DaemonOptions,
  notify: Notify,
): GuardListener {
  return {
    onAlerts({ drafts }) {
      alerts.take(drafts);
      for (const { alert } of drafts) {
        if (alert.container !== undefined) guarding.refreshUsers(alert.container);
      }
    },
    onCover({ containerId, pid }) {
      void guarding.cover(containerId, pid);
    },
    onHeartbeat() {
      notify("WATCHDOG=1");
    },
    onDeath,
  };
}

interface Stop {
  readonly name: string;
  readonly stop: () => void | Promise<void>;
}

async function startParts(parts: Parts, stops: Stop[], listener: GuardListener): Promise<void> {
  const { guard, inventory, guarding, witnessing, control, outputs, alerts, engine } = parts;
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
  stops.push({
    name: "engine",
    stop: () => {
      inventory.stop();
      engine.close();
    },
  });
  await inventory.start();
  await guarding.start();
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
