// Composition root of the main thread: builds adapters and hands them to each other. No logic.
// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import { createActionRunner, type ActionRunner } from "./action/run.ts";
import { createUndo, type Undo } from "./action/undo.ts";
import type { AlertFlow } from "./alert-flow.ts";
import { createFlow } from "./alert-flow-setup.ts";
import type { BlindTimes } from "./blind-times.ts";
import { createBlindTimes } from "./blind-times-setup.ts";
import type { EventSource } from "./control/call.ts";
import { createControlServer, type ControlServer } from "./control/server.ts";
import { createDoorkeeper, type Doorkeeper } from "./doorkeeper.ts";
import { createEngineFeed, type EngineFeed } from "./engine-feed.ts";
import { createContainerInventory, type ContainerInventory } from "./enrich/containers.ts";
import { enforcementAlert } from "./enforcement-alert.ts";
import { EnforcementSwitch } from "./enforcement.ts";
import { Generations } from "./generations.ts";
import { Guard } from "./guard.ts";
import { Guarding } from "./guarding.ts";
import type { ImageInventory } from "./image-inventory.ts";
import { createImages } from "./images-setup.ts";
import { createAuditChangesFile } from "./host/audit-changes-file.ts";
import { createDockerEngine } from "./host/docker.ts";
import { createCallers } from "./host/callers.ts";
import { findGroup } from "./host/groups.ts";
import { startHookHelper, type HookHelper } from "./host/hook-helper.ts";
import { readHost } from "./host/host-facts.ts";
import { RunRecorder } from "./host/run-record.ts";
import type { ServiceManager } from "./kept-gate.ts";
import { Learning } from "./learning.ts";
import { loadBinding, type Binding } from "./kernel/binding.ts";
import { createMountCheck } from "./mount-check.ts";
import type { AnyGate } from "./kernel/without-gate.ts";
import type { Host } from "./model/event.ts";
import type { GuardSettings } from "./model/guard-messages.ts";
import type { Clock, ContainerEngine, Log } from "./model/ports.ts";
import { openGate, witnessModeOf } from "./opening.ts";
import { createOutputPlanner, type OutputAudience, type OutputPlanner } from "./outputs-setup.ts";
import { createFanOut, type FanOut } from "./outputs/fan-out.ts";
import { createJsonFormatter } from "./outputs/format-json.ts";
import { formatText } from "./outputs/format-text.ts";
import { createRecentOutput, type RecentOutput } from "./outputs/recent-output.ts";
import { compileAlertFields, compileAlertFilter } from "./rules/alert-query.ts";
import { createProcessKiller } from "./process-killer.ts";
import type { Settings, SettingsResult } from "./settings.ts";
import { createContainerStatus, createStatus } from "./status.ts";
import { Unguarded, uptimeMs } from "./unguarded.ts";
import { Witnessing } from "./witnessing.ts";

/** What a daemon is composed from. */
export interface ComposeOptions {
  readonly settings: Settings;
  readonly configFile: string;
  /** Reads and checks all files again, for a reload. */
  readonly readSettings: () => Promise<SettingsResult>;
  readonly audience: OutputAudience;
  readonly version: string;
  readonly manager: ServiceManager;
  readonly clock: Clock;
  readonly log: Log;
}

/** The parts of a daemon, in the order in which they start. */
export interface Parts {
  readonly generations: Generations;
  readonly enforcement: EnforcementSwitch;
  readonly binding: Binding;
  readonly gate: AnyGate;
  readonly guard: Guard;
  readonly engine: ContainerEngine;
  readonly engineFeed: EngineFeed;
  readonly inventory: ContainerInventory;
  readonly guarding: Guarding;
  readonly hooks: HookHelper;
  readonly witnessing: Witnessing;
  readonly images: ImageInventory;
  readonly actions: ActionRunner;
  readonly undo: Undo;
  /** Which outputs a configuration asks for: `outputs.replace(planOutputs(config.outputs), …)` swaps them. */
  readonly planOutputs: OutputPlanner;
  readonly outputs: FanOut;
  readonly alerts: AlertFlow;
  readonly blindTimes: BlindTimes;
  readonly runs: RunRecorder;
  readonly unguarded: Unguarded;
  readonly doorkeeper: Doorkeeper;
  readonly control: ControlServer;
}

/** Alerts that `execwarden events` can still ask for. */
const recentAlertsMax = 1_000;
/** What is queued in an output that a reload removes is sent in this time. */
const outputCloseMs = 5_000;

/** Builds everything and starts nothing but the gate, which has to be there first. */
export async function compose(options: ComposeOptions): Promise<Parts> {
  const { clock, log } = options;
  const { config } = options.settings;
  const binding = loadBinding();
  const host = await readHost();
  // Before the gate, or it would inherit it.
  const hooks = startHookHelper(log);
  const gate = openGate({ binding, config, log, hooks, group: options.manager.group });
  const guard = new Guard(guardSettings(options, gate, host), log);
  const engine = createDockerEngine({ host: config.docker.host });
  const engineFeed = createEngineFeed(guard, clock, (facts) => {
    images.heard(facts);
    return doorkeeper.heard(facts);
  });
  const inventory = createContainerInventory({
    ...{ engine, clock, log },
    onChange: (container) => {
      guard.post({ kind: "container", container });
      for (const part of [images, guarding.users, mountCheck]) part.offer(container);
      if (container.state === "dead") witnessing.forget(container.id);
    },
    onRemove: (id) => {
      guard.post({ kind: "container-removed", id });
      for (const part of [witnessing, mountCheck]) part.forget(id);
    },
    onEngineEvent: engineFeed.offer.bind(engineFeed),
    onConnection: (isConnected) => {
      if (isConnected) for (const part of [guarding, doorkeeper]) part.engineAnswered();
    },
  });
  const mountCheck = createMountCheck({ engine, inventory, engineFeed, clock, log });
  const images = createImages({ binding, guard, engine, inventory }, log);
  const witnessing = createWitnessing(options, { binding, gate, guard }, host);
  const guarding = new Guarding({
    ...{ binding, gate, guard, engine, inventory, witnessing, mountCheck, clock, log },
  });
  const recent = createRecentOutput(recentAlertsMax);
  const planOutputs = createOutputPlanner(options.audience, log);
  const outputs = createFanOut(planOutputs(config.outputs), [recent]);
  const { actions, undo } = createActions(options, { engine, binding, hooks, outputs, recent });
  const flow = { actions, undo, outputs, engine: () => inventory.status().engine };
  const alerts = createFlow(flow, clock, guard.taken.bind(guard));
  const doorkeeper: Doorkeeper = createDoorkeeper(options, {
    ...{ engine, inventory, host, guard, binding, alerts: createFlow(flow, clock) },
    settings: () => generations.config.plugin,
    onStart: mountCheck.judged.bind(mountCheck),
  });
  const enforcement = createEnforcement(options, { guard, alerts, doorkeeper, host });
  const generations: Generations = createGenerations(options, {
    ...{ guard, planOutputs, outputs, doorkeeper },
  });
  const parts = {
    ...{ generations, enforcement, binding, gate, guard, engine, engineFeed, inventory },
    ...{ guarding, witnessing, images, actions, hooks, undo },
    ...{ planOutputs, outputs, alerts, doorkeeper },
    blindTimes: createBlindTimes(clock, log, { gate, inventory, engineFeed }),
    ...createRuns(options, { binding, gate, guard, inventory }, host),
  };
  return { ...parts, control: await createControl(options, parts, recent) };
}

function createActions(
  { clock, log }: ComposeOptions,
  parts: Pick<Parts, "engine" | "binding" | "hooks" | "outputs"> & {
    readonly recent: RecentOutput;
  },
): Pick<Parts, "actions" | "undo"> {
  const { engine, binding, hooks, outputs, recent } = parts;
  const actions = createActionRunner({
    runtime: engine,
    ...createProcessKiller(binding),
    runHook: hooks.run,
    clock,
    log,
    outputNames: () => outputs.names,
  });
  const undo = createUndo({
    runtime: engine,
    actions,
    recent: (uuid) => recent.recent(recentAlertsMax).find((alert) => alert.uuid === uuid),
  });
  return { actions, undo };
}

function createWitnessing(
  { settings: { config }, clock, log }: ComposeOptions,
  { binding, gate, guard }: Pick<Parts, "binding" | "gate" | "guard">,
  { bootId }: Host,
): Witnessing {
  return new Witnessing({
    config: { ...config.witness, mode: witnessModeOf(config, gate) },
    file: createAuditChangesFile({ directory: config.stateDirectory, bootId, log }),
    ...{ binding, guard, clock, log },
  });
}

function createRuns(
  { settings, clock, log }: ComposeOptions,
  parts: Pick<Parts, "binding" | "gate" | "guard" | "inventory">,
  { bootId }: Host,
): Pick<Parts, "runs" | "unguarded"> {
  const { stateDirectory: directory } = settings.config;
  const nowMs = (): number => clock.nowMs();
  return {
    runs: new RunRecorder({ directory, bootId, nowMs, uptimeMs, log }),
    unguarded: new Unguarded({ ...parts, clock, bootId, log }),
  };
}

function createEnforcement(
  { clock, log }: ComposeOptions,
  parts: Pick<Parts, "guard" | "alerts" | "doorkeeper"> & { readonly host: Host },
): EnforcementSwitch {
  const { guard, alerts, doorkeeper, host } = parts;
  return new EnforcementSwitch({
    apply: (pausedText) => {
      doorkeeper.setPaused(pausedText);
      return guard.change({
        kind: "enforcement",
        ...(pausedText === undefined ? {} : { pausedText }),
      });
    },
    onChange: (change) => {
      alerts.tell(enforcementAlert(change, { uuid: randomUUID(), timeNs: clock.nowNs(), host }));
    },
    ...{ clock, log },
  });
}

function createGenerations(
  { settings, readSettings, clock, log }: ComposeOptions,
  {
    guard,
    planOutputs,
    outputs,
    doorkeeper,
  }: Pick<Parts, "guard" | "planOutputs" | "outputs" | "doorkeeper">,
): Generations {
  return new Generations({
    first: settings,
    read: readSettings,
    swap: async (next) => {
      const cost = await guard.change({ kind: "generation", settings: next });
      await doorkeeper.swap(next);
      return cost;
    },
    setOutputs: (wanted) => {
      void outputs.replace(planOutputs(wanted), outputCloseMs).drained;
    },
    clock,
    log,
  });
}

function guardSettings({ settings }: ComposeOptions, gate: AnyGate, host: Host): GuardSettings {
  const { config, sources } = settings;
  const witness = witnessModeOf(config, gate);
  return {
    gateHandle: gate.handle,
    mode: config.mode,
    ...(witness === "off" ? {} : { witness }),
    ...config.gate,
    ...sources,
    host,
  };
}

async function createControl(
  { version, clock, log }: ComposeOptions,
  parts: Omit<Parts, "control">,
  events: EventSource,
): Promise<ControlServer> {
  const { socket, group, writersGroup } = parts.generations.config.control;
  return createControlServer({
    socketPath: socket,
    groups: {
      readers: await findGroup(group),
      writers: writersGroup === undefined ? undefined : await findGroup(writersGroup),
    },
    identify: createCallers((fd) => parts.binding.peerCredentials(fd)),
    tools: {
      version,
      status: createStatus({ ...parts, version, startedMs: clock.nowMs() }),
      containers: createContainerStatus(parts),
      loaded: () => parts.generations.loaded(),
      reload: (by) => parts.generations.reload(by),
      enforcement: parts.enforcement,
      learning: new Learning({ guard: parts.guard, clock, log }),
      events,
      undo: (uuid) => parts.undo.undo(uuid),
      formats: { json: createJsonFormatter(), text: formatText },
      queries: { filter: compileAlertFilter, fields: compileAlertFields },
      nowMs: () => clock.nowMs(),
    },
    clock,
    log,
  });
}
