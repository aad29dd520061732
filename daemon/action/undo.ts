// SPDX-License-Identifier: Apache-2.0
import type { Action, Alert, NetworkAttachment, Outcome, UndoStep } from "../model/alert.ts";
import type { ContainerRuntime } from "../model/ports.ts";
import type { UndoneAction, UndoReport } from "../model/undo.ts";
import type { ActionResult } from "./action.ts";
import type { ActionRunner } from "./run.ts";

/** Takes back what actions did, where that is possible. */
export interface Undo {
  /** Keeps what it takes to undo the actions of an alert; of the oldest alerts it is given up. */
  remember(alert: Alert): void;
  /** Undoes the actions of an alert; undefined for an alert that nobody remembers. Never rejects. */
  undo(uuid: string): Promise<UndoReport | undefined>;
}

/** What undoing works with. */
export interface UndoOptions {
  readonly runtime: Pick<ContainerRuntime, "unpause" | "reconnect">;
  readonly actions: Pick<ActionRunner, "inLane">;
  /** An alert of the last ones, whatever was done for it. */
  readonly recent: (uuid: string) => Alert | undefined;
  readonly alertsMax?: number;
}

/** Alerts whose actions can be undone; there is little of each. */
const alertsMaxDefault = 10_000;

interface Remembered {
  readonly alert: Pick<Alert, "uuid" | "rule" | "outcomes" | "container">;
  /** By the outcome's number, what was undone. */
  readonly undone: Set<number>;
  /** The last call, which the next one waits for. */
  last: Promise<unknown>;
}

/** Builds the memory, and the way back through the lanes of the containers. */
export function createUndo(options: UndoOptions): Undo {
  const { recent, alertsMax = alertsMaxDefault } = options;
  const remembered = new Map<string, Remembered>();

  async function undoAll(entry: Remembered): Promise<UndoReport> {
    const { alert, undone } = entry;
    const actions: UndoneAction[] = [];
    // What was done last is undone first; the report has the alert's order.
    for (const [index, outcome] of [...alert.outcomes.entries()].reverse()) {
      const result = undone.has(index) ? again(outcome) : await undoOne(options, alert, outcome);
      if (result.status === "undone" || result.status === "unchanged") undone.add(index);
      actions.unshift(result);
    }
    const { container } = alert;
    return {
      ...{ alert: alert.uuid, rule: alert.rule, actions },
      ...(container === undefined ? {} : { container: { id: container.id, name: container.name } }),
    };
  }

  return {
    remember(alert) {
      if (alert.outcomes.every(({ undo }) => undo === undefined)) return;
      const { uuid, rule, outcomes, container } = alert;
      const kept = { uuid, rule, outcomes, ...(container === undefined ? {} : { container }) };
      remembered.set(uuid, { alert: kept, undone: new Set(), last: Promise.resolve() });
      const oldest = remembered.keys().next();
      if (remembered.size > alertsMax && oldest.done !== true) remembered.delete(oldest.value);
    },
    async undo(uuid) {
      const known = remembered.get(uuid);
      if (known !== undefined) {
        const report = known.last.then(() => undoAll(known));
        known.last = report;
        return report;
      }
      const alert = recent(uuid);
      if (alert === undefined) return undefined;
      return undoAll({ alert, undone: new Set(), last: Promise.resolve() });
    },
  };
}

function again({ action }: Outcome): UndoneAction {
  return { action: action.kind, status: "unchanged", detail: "it was undone before" };
}

async function undoOne(
  { runtime, actions }: UndoOptions,
  { container }: Remembered["alert"],
  outcome: Outcome,
): Promise<UndoneAction> {
  const { kind } = outcome.action;
  const { undo } = outcome;
  if (undo === undefined || container === undefined) return leftAlone(outcome, container?.name);
  const { id: containerId } = container;
  const result = await actions.inLane({
    containerId,
    key: `undo ${JSON.stringify(undo)}`,
    what: `undo ${kind}`,
    work: (timeoutMs) => takeStep(runtime, undo, { containerId, timeoutMs }),
  });
  return { action: kind, ...statusOf(result) };
}

function statusOf({ status, detail }: ActionResult): Pick<UndoneAction, "status" | "detail"> {
  const told = detail === undefined ? {} : { detail };
  switch (status) {
    case "done":
      return { status: "undone", ...told };
    case "suppressed":
      return { status: "unchanged", ...told };
    case "not-possible":
      return { status: "not-possible", ...told };
    case "would-do":
    case "failed":
      return { status: "failed", ...told };
  }
}

interface Place {
  readonly containerId: string;
  readonly timeoutMs: number;
}

const gone: ActionResult = { status: "not-possible", detail: "the container is gone" };

// `suppressed` stands for what is so already.
async function takeStep(
  runtime: UndoOptions["runtime"],
  step: UndoStep,
  place: Place,
): Promise<ActionResult> {
  if (step.kind === "reconnect") return reconnectAll(runtime, step.networks, place);
  const result = await runtime.unpause(place.containerId, place.timeoutMs);
  if (result.ok && result.value === "unchanged")
    return { status: "suppressed", detail: "it was not paused any more" };
  if (result.ok) return { status: "done" };
  const { kind, message } = result.error;
  if (kind === "gone") return gone;
  return { status: "failed", detail: message, isRetryable: kind === "unreachable" };
}

async function reconnectAll(
  runtime: UndoOptions["runtime"],
  networks: readonly NetworkAttachment[],
  { containerId, timeoutMs }: Place,
): Promise<ActionResult> {
  const notes: string[] = [];
  let changed = 0;
  for (const network of networks) {
    const result = await runtime.reconnect(containerId, network, timeoutMs);
    if (!result.ok) {
      const { kind, message } = result.error;
      return { status: "failed", detail: message, isRetryable: kind === "unreachable" };
    }
    const { change, otherAddress } = result.value;
    if (change === "changed") changed += 1;
    notes.push(
      otherAddress === undefined
        ? network.name
        : `${network.name}, with another address (${otherAddress})`,
    );
  }
  return { status: changed === 0 ? "suppressed" : "done", detail: notes.join(", ") };
}

function leftAlone({ action, status, detail }: Outcome, name = "CONTAINER"): UndoneAction {
  if (status !== "done" || detail === "already gone")
    return { action: action.kind, status: "nothing-to-undo", detail: notDone[status] };
  return { action: action.kind, ...reasonOf(action, name) };
}

const notDone = {
  done: "there was nothing left to act on",
  "would-do": "it was not done: the policy or the daemon is in monitor mode",
  suppressed: "it was not done",
  "not-possible": "it was not done",
  failed: "it was not done, or not whole: look at the container",
} as const satisfies Record<Outcome["status"], string>;

/** Why there is no way back from an action that was done, and what a person can do. */
function reasonOf({ kind }: Action, name: string): Pick<UndoneAction, "status" | "detail"> {
  switch (kind) {
    case "pause":
    case "disconnect":
      // Without a step it found things as they should be.
      return { status: "nothing-to-undo", detail: "it was so before, and changed nothing" };
    case "deny":
      return { status: "not-possible", detail: "the program never ran: run it again" };
    case "stop":
    case "kill-container":
      return {
        status: "not-possible",
        detail: `what ran is gone; docker start ${name} starts it anew, where it was not removed`,
      };
    case "restart":
      return { status: "not-possible", detail: "what ran before is gone" };
    case "kill-process":
    case "kill-process-tree":
      return { status: "not-possible", detail: "what was killed is gone" };
    case "unpause":
      return { status: "not-possible", detail: `it went on; docker pause ${name} halts it again` };
    case "hook":
      return { status: "not-possible", detail: "nobody but its author knows what the hook did" };
    case "notify":
      return { status: "nothing-to-undo", detail: "what was told cannot be taken back" };
  }
}
