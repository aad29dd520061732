// Gathers what `execwarden status` shows.
// SPDX-License-Identifier: Apache-2.0
import type { ActionRunner } from "./action/run.ts";
import type { AlertFlow } from "./alert-flow.ts";
import type { BlindTimes } from "./blind-times.ts";
import type { Doorkeeper } from "./doorkeeper.ts";
import type { EngineFeed } from "./engine-feed.ts";
import type { ContainerInventory } from "./enrich/containers.ts";
import type { EnforcementSwitch } from "./enforcement.ts";
import type { Generations } from "./generations.ts";
import type { Guard, Heartbeat } from "./guard.ts";
import type { ImageInventory } from "./image-inventory.ts";
import { deviceText } from "./kernel/gate.ts";
import type { AnyGate } from "./kernel/without-gate.ts";
import type { GuardedDevice } from "./model/guard-messages.ts";
import type { ContainerEngine } from "./model/ports.ts";
import type { ContainerStatus, Status } from "./model/status.ts";
import type { FanOut } from "./outputs/fan-out.ts";
import type { Unguarded } from "./unguarded.ts";
import type { Witnessing } from "./witnessing.ts";

/** Whom the status asks. */
export interface StatusSources {
  readonly generations: Generations;
  readonly enforcement: EnforcementSwitch;
  readonly version: string;
  readonly gate: AnyGate;
  readonly engine: ContainerEngine;
  readonly engineFeed: EngineFeed;
  readonly inventory: ContainerInventory;
  readonly actions: ActionRunner;
  readonly outputs: FanOut;
  readonly alerts: AlertFlow;
  readonly guard: Guard;
  readonly doorkeeper: Doorkeeper;
  readonly witnessing: Witnessing;
  readonly blindTimes: BlindTimes;
  readonly images: ImageInventory;
  readonly unguarded: Unguarded;
  readonly startedMs: number;
}

/** Makes the function that answers with the status as it is now, but for the control socket's own. */
export function createStatus(sources: StatusSources): () => Omit<Status, "control"> {
  const containers = createContainerStatus(sources);
  return () => {
    const { generations, inventory, alerts, actions, outputs, blindTimes } = sources;
    const running = containers().filter(({ container }) => container.state === "running");
    blindTimes.look();
    const { ready } = sources.guard;
    const engine = inventory.status();
    return {
      version: sources.version,
      pid: process.pid,
      startedMs: sources.startedMs,
      mode: generations.config.mode,
      generation: generations.info,
      enforcement: sources.enforcement.state,
      ...(generations.last === undefined ? {} : { lastReload: generations.last }),
      gate: gateStatus(sources),
      ...witnessStatus(sources),
      engine: {
        isConnected: engine.isConnected,
        address: sources.engine.address,
        reconnects: engine.reconnects,
        events: sources.engineFeed.counters().sent,
        eventsLost: sources.engineFeed.counters().lost,
        gaps: engine.gaps,
        ...(engine.blind === undefined ? {} : { blind: blindPeriodOf(engine.blind) }),
        ...(engine.engine === undefined ? {} : { engine: engine.engine }),
      },
      containers: running.length,
      guarded: guardedOf(running),
      blind: blindTimes.list(),
      ...sources.unguarded.status(),
      floods: floodsOf(sources),
      images: { ...sources.images.status(), ...sources.guard.heartbeat?.contents },
      rules: { loaded: ready?.rulesLoaded ?? 0, enabled: ready?.rulesEnabled ?? 0 },
      policies: ready?.policies ?? 0,
      alerts: alerts.sent + sources.doorkeeper.alertsSent,
      actions: actions.counters(),
      plugin: sources.doorkeeper.status(),
      outputs: outputs.counters(),
    };
  };
}

function guardedOf(containers: readonly ContainerStatus[]): Status["guarded"] {
  const count = (wanted: ContainerStatus["mode"]): number =>
    containers.filter(({ mode }) => mode === wanted).length;
  return { observe: count("observe"), enforce: count("enforce"), unsettled: count(undefined) };
}

/** In milliseconds since the epoch. */
export function blindPeriodOf({
  fromNs,
  toNs,
}: {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}): {
  readonly fromMs: number;
  readonly toMs: number;
} {
  return { fromMs: Number(fromNs / 1_000_000n), toMs: Number(toNs / 1_000_000n) };
}

function witnessStatus({ witnessing, guard }: StatusSources): Pick<Status, "witness"> {
  const witness = witnessing.status();
  if (witness === undefined) return {};
  const second = guard.heartbeat?.second;
  return { witness: { ...witness, ...(second === undefined ? {} : { second }) } };
}

function gateStatus({ generations, gate, guard, inventory }: StatusSources): Status["gate"] {
  const native = gate.counters();
  const last = guard.heartbeat;
  return {
    isRunning: guard.ready !== undefined,
    ...(gate.handle === 0 ? { isDetectOnly: true } : {}),
    deadlineMs: generations.config.gate.deadlineMs,
    onDeadline: generations.config.gate.onDeadline,
    namespaces: native.mounts.namespaces,
    superblocks: (last?.devices ?? []).map(({ device, mode, containers }) => ({
      device: deviceText(device),
      mode: mode === "hold" ? "enforce" : "observe",
      containers: containers.map((id) => inventory.get(id)?.name ?? id.slice(0, 12)),
    })),
    counters: {
      seen: native.seen,
      allowed: native.allowed,
      denied: native.denied,
      deadlinesMissed: native.deadlinesMissed,
      lost: native.lost,
      ...guardCounters(last),
      readerStalls: native.stalls,
      readErrors: native.readErrors,
      markErrors: native.markErrors,
      inherited: native.inherited,
      stoodIn: native.stoodIn,
      mountsLate: native.mounts.late,
      mountsUnmarked: native.mounts.unmarked,
      namespacesRefused: native.mounts.refused,
      ticketsExhausted: native.ticketsExhausted,
      waiting: native.waiting,
    },
  };
}

/** Makes the function that answers with the containers that run, as they are guarded now. */
export function createContainerStatus({
  inventory,
  guard,
}: Pick<StatusSources, "inventory" | "guard">): () => readonly ContainerStatus[] {
  return () => {
    const devices = devicesOf(guard.heartbeat);
    return inventory
      .list()
      .filter(({ state }) => state === "running" || state === "paused")
      .map((container) => {
        const own = devices.get(container.id) ?? [];
        const mode = own.some((device) => device.mode === "hold") ? "enforce" : "observe";
        return {
          container,
          devices: own.map(({ device }) => deviceText(device)),
          ...(own.length === 0 ? {} : { mode }),
        };
      });
  };
}

function devicesOf(last: Heartbeat | undefined): ReadonlyMap<string, readonly GuardedDevice[]> {
  const devices = new Map<string, GuardedDevice[]>();
  for (const device of last?.devices ?? []) {
    for (const id of device.containers) {
      const own = devices.get(id);
      if (own === undefined) devices.set(id, [device]);
      else own.push(device);
    }
  }
  return devices;
}

function floodsOf({ guard }: StatusSources): Status["floods"] {
  return guard.heartbeat?.budget ?? noFloods;
}

const noFloods: Status["floods"] = { floods: 0, suppressed: 0, active: [] };

const noCounters = {
  argvUnknown: 0,
  processGone: 0,
  containerUnknown: 0,
  decisionFailures: 0,
  alertsLost: 0,
};

// Nothing is counted before the first heartbeat.
function guardCounters(last: Heartbeat | undefined): typeof noCounters {
  if (last === undefined) return noCounters;
  const { argvUnknown, processGone, containerUnknown, decisionFailures, alertsLost } =
    last.counters;
  return { argvUnknown, processGone, containerUnknown, decisionFailures, alertsLost };
}
