// Composition root of the main thread: builds adapters and hands them to each other. No logic.
// SPDX-License-Identifier: Apache-2.0
import { createActionRunner, type ActionRunner } from "./action/run.ts";
import { createAlertFlow, type AlertFlow } from "./alert-flow.ts";
import type { Config } from "./config/config.ts";
import { createControlServer, type ControlServer } from "./control/server.ts";
import { createContainerInventory, type ContainerInventory } from "./enrich/containers.ts";
import { Guard } from "./guard.ts";
import { Guarding } from "./guarding.ts";
import { createDockerEngine } from "./host/docker.ts";
import { findGroupId } from "./host/groups.ts";
import { readHost } from "./host/host-facts.ts";
import type { JudgeSources } from "./judge.ts";
import { loadBinding, type Binding } from "./kernel/binding.ts";
import { Gate } from "./kernel/gate.ts";
import type { FromGuard } from "./model/guard-messages.ts";
import type { Clock, ContainerEngine, Log } from "./model/ports.ts";
import { createOutputs, outputNamesOf, type OutputAudience } from "./outputs-setup.ts";
import { createFanOut, type FanOut } from "./outputs/fan-out.ts";
import { formatJson } from "./outputs/format-json.ts";
import { formatText } from "./outputs/format-text.ts";
import { createRecentOutput } from "./outputs/recent-output.ts";
import { createStatus } from "./status.ts";
import { err, ok, type Result } from "./util/result.ts";

/** What a daemon is composed from. */
export interface ComposeOptions {
  readonly config: Config;
  readonly sources: JudgeSources;
  readonly audience: OutputAudience;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Called for each heartbeat of the decision loop. */
  readonly onHeartbeat: () => void;
  /** The guard thread died: nothing is decided any more. */
  readonly onDeath: (reason: string) => void;
}

/** The parts of a daemon, in the order in which they start. */
export interface Parts {
  readonly binding: Binding;
  readonly gate: Gate;
  readonly guard: Guard;
  readonly engine: ContainerEngine;
  readonly inventory: ContainerInventory;
  readonly guarding: Guarding;
  readonly actions: ActionRunner;
  readonly outputs: FanOut;
  readonly alerts: AlertFlow;
  readonly control: ControlServer;
}

/** Alerts that `execwarden events` can still ask for. */
const recentAlertsMax = 1_000;
/** Records on their way to the guard thread: about 16,000 execs of usual size. */
const handOverBytes = 16 << 20;
const esrch = 3;

/** Builds everything and starts nothing but the gate, which has to be there first. */
export async function compose(options: ComposeOptions): Promise<Parts> {
  const { config, clock, log } = options;
  const binding = loadBinding();
  const { deadlineMs, onDeadline } = config.gate;
  const gate = Gate.open(binding, {
    deadlineMs,
    denyOnDeadline: onDeadline === "deny",
    handOverBytes,
  });
  let heartbeat: Extract<FromGuard, { kind: "heartbeat" }> | undefined;
  const engine = createDockerEngine({ host: config.docker.host });
  const recent = createRecentOutput(recentAlertsMax);
  const outputs = createFanOut([...createOutputs(config, options.audience, log), recent]);
  const actions = createActionRunner({
    runtime: engine,
    killProcess: (pid, startTicks) => killProcess(binding, pid, startTicks),
    clock,
    log,
    outputNames: outputNamesOf(config),
  });
  const inventory = createContainerInventory({
    engine,
    clock,
    log,
    onChange: (container) => {
      guarding.tell(container);
    },
    onRemove: (id) => {
      guarding.forget(id);
    },
  });
  const alerts = createAlertFlow({
    actions,
    outputs,
    engine: () => inventory.status().engine,
    onTaken: (count) => {
      guard.post({ kind: "taken", alerts: count });
    },
  });
  const guard = new Guard(
    {
      gateHandle: gate.handle,
      mode: config.mode,
      deadlineMs,
      onDeadline,
      ...options.sources,
      host: await readHost(),
    },
    {
      onAlerts: ({ drafts }) => {
        alerts.take(drafts);
        for (const { alert } of drafts) {
          if (alert.container !== undefined) guarding.refreshUsers(alert.container);
        }
      },
      onCover: ({ containerId, pid }) => {
        void guarding.cover(containerId, pid);
      },
      onHeartbeat: (message) => {
        heartbeat = message;
        options.onHeartbeat();
      },
      onDeath: options.onDeath,
    },
    log,
  );
  const guarding = new Guarding({
    binding,
    gate,
    guard,
    inventory,
    dataRoot: () => inventory.status().engine?.dataRoot,
    log,
  });
  const groupId = await findGroupId(config.control.group);
  const control = createControlServer({
    socketPath: config.control.socket,
    groupId,
    version: options.version,
    status: createStatus({
      ...options,
      gate,
      engine,
      inventory,
      actions,
      outputs,
      alerts,
      heartbeat: () => heartbeat,
      ready: () => guard.ready,
      startedMs: clock.nowMs(),
    }),
    events: recent,
    formats: { json: formatJson, text: formatText },
    clock,
    log,
  });
  return {
    binding,
    gate,
    guard,
    engine,
    inventory,
    guarding,
    actions,
    outputs,
    alerts,
    control,
  };
}

function killProcess(
  binding: Binding,
  pid: number,
  startTicks: bigint,
): Result<void, { kind: "gone" | "failed"; message: string }> {
  const errno = binding.killProcess(pid, startTicks);
  if (errno === 0) return ok(undefined);
  if (errno === esrch) return err({ kind: "gone", message: "the process has ended" });
  return err({ kind: "failed", message: `cannot kill process ${pid}: errno ${errno}` });
}
