// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { ActionTarget } from "../daemon/action/action.ts";
import { createAlertFlow } from "../daemon/alert-flow.ts";
import { createFailureAlerts } from "../daemon/failure-alert.ts";
import type { Alert, Outcome } from "../daemon/model/alert.ts";
import { unknownContainer, type Engine } from "../daemon/model/container.ts";
import type { PlannedAction } from "../daemon/model/decision.ts";
import type { AlertDraft } from "../daemon/model/guard-messages.ts";
import { sampleAlert } from "./outputs/fixtures/alert.ts";

const pause: PlannedAction = { action: { kind: "pause" }, policyName: "P", status: "do" };
const paused: Outcome = { action: { kind: "pause" }, status: "done", tookMs: 3 };
const denied: Outcome = { action: { kind: "deny" }, status: "done" };
const engine: Engine = {
  ...{ id: "e", version: "27", apiVersion: "1.47", name: "n", storageDriver: "overlay2" },
  ...{ cgroupDriver: "systemd", dataRoot: "/d" },
};

function draft(uuid: string, planned: readonly PlannedAction[] = []): AlertDraft {
  const alert = sampleAlert({ uuid, outcomes: [denied] });
  const { engine: _engine, ...rest } = alert;
  return { alert: rest, planned, pid: 7, startTicks: 9n };
}

/** A flow whose actions end when the test says so. */
function setUp(known: () => Engine | undefined = () => engine) {
  const written: Alert[] = [];
  const targets: ActionTarget[] = [];
  const remembered: string[] = [];
  const ends: ((outcomes: readonly Outcome[]) => void)[] = [];
  let taken = 0;
  const flow = createAlertFlow({
    actions: {
      run(_planned, target) {
        targets.push(target);
        return new Promise((resolve) => ends.push(resolve));
      },
    },
    undo: { remember: (alert) => remembered.push(alert.uuid) },
    failures: createFailureAlerts({ nowMs: () => 0, newUuid: () => "failure" }),
    formatJson: (alert) => `${alert.uuid} ${alert.outcomes.length} ${alert.engine?.id ?? ""}`,
    outputs: {
      names: [],
      write: (alert) => written.push(alert),
      replace: () => ({
        changes: { kept: [], changed: [], added: [], removed: [] },
        drained: Promise.resolve(),
      }),
      reopen: () => undefined,
      close: () => Promise.resolve(),
      counters: () => ({}),
    },
    engine: known,
    onTaken: (alerts) => (taken += alerts),
  });
  return {
    flow,
    written,
    remembered,
    targets,
    ends,
    uuids: () => written.map(({ uuid }) => uuid),
    taken: () => taken,
  };
}

t.test("alerts without actions go at once, in order, with the engine", (t) => {
  const { flow, written, uuids, targets, taken } = setUp();
  flow.take([draft("a"), draft("b")]);
  t.strictSame(uuids(), ["a", "b"]);
  t.match(written[0], { engine, outcomes: [denied] });
  t.strictSame(targets, []);
  t.equal(flow.sent, 2);
  t.equal(taken(), 2);
  t.end();
});

t.test("an engine that is not known is absent", (t) => {
  const { flow, written } = setUp(() => undefined);
  flow.take([draft("a")]);
  t.notOk("engine" in (written[0] ?? { engine }));
  t.end();
});

t.test("an alert with actions waits for what comes of them, and holds up no other", async (t) => {
  const { flow, written, targets, ends, uuids, taken } = setUp();
  flow.take([draft("a", [pause]), draft("b")]);
  t.strictSame(uuids(), ["b"]);
  t.equal(taken(), 1, "room is given back when an alert has left");
  t.match(targets, [{ containerId: sampleAlert().container?.id, pid: 7, startTicks: 9n }]);
  ends[0]?.([paused]);
  await flow.settled();
  t.strictSame(uuids(), ["b", "a"]);
  t.strictSame(written[1]?.outcomes, [denied, paused], "behind what was known before");
  t.equal(flow.sent, 2);
  t.equal(taken(), 2);
});

t.test("it is settled when every action under way has ended", async (t) => {
  const { flow, ends } = setUp();
  flow.take([draft("a", [pause]), draft("b", [pause])]);
  let isSettled = false;
  const settled = flow.settled().then(() => (isSettled = true));
  ends[0]?.([paused]);
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(isSettled, false);
  ends[1]?.([paused]);
  await settled;
  t.equal(flow.sent, 2);
  await flow.settled();
});

t.test("the engine is asked for nothing that concerns the step of a build", (t) => {
  const { flow, targets } = setUp();
  const { alert, ...rest } = draft("a", [pause]);
  const container = { ...unknownContainer("s"), kind: "buildkit" as const };
  flow.take([{ ...rest, alert: { ...alert, container } }]);
  flow.take([{ ...rest, alert: { ...alert, container: unknownContainer("c") } }]);
  t.match(targets, [{ containerId: undefined, pid: 7 }, { containerId: "c" }]);
  t.end();
});

t.test("a hook's alert has the engine and what came of the actions before", async (t) => {
  const { flow, targets, ends } = setUp();
  flow.take([draft("a", [pause])]);
  t.equal(targets[0]?.alertUuid, "a");
  t.equal(targets[0]?.alertJson([paused]), "a 2 e");
  ends[0]?.([paused]);
  await flow.settled();
});

t.test("what failed is an alert of its own, behind the one it belongs to", async (t) => {
  const { flow, written, remembered, ends, taken } = setUp();
  flow.take([draft("a", [pause])]);
  ends[0]?.([{ ...paused, status: "failed", detail: "why" }]);
  await flow.settled();
  t.match(written, [
    { uuid: "a" },
    { uuid: "failure", rule: "Action of a Policy Failed", source: "execwarden", engine },
  ]);
  t.strictSame(remembered, ["a"]);
  t.equal(flow.sent, 2);
  t.equal(taken(), 1, "the guard thread had sent one");
});
