// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { KillFailure } from "../../daemon/action/action.ts";
import type { ActionLimits } from "../../daemon/action/attempts.ts";
import { createActionRunner } from "../../daemon/action/run.ts";
import type { Action, Outcome } from "../../daemon/model/alert.ts";
import type { PlannedAction } from "../../daemon/model/decision.ts";
import type { RuntimeFailure } from "../../daemon/model/ports.ts";
import { err, ok, type Result } from "../../daemon/util/result.ts";
import { createRecordingLog } from "../support/recording-log.ts";

const target = { containerId: "c1", pid: 4711, startTicks: 99n };
type Answer = () => Promise<Result<void, RuntimeFailure>>;
const done: Answer = () => Promise.resolve(ok(undefined));
const never: Answer = () => new Promise(() => undefined);
const failing = (kind: RuntimeFailure["kind"]): Answer => {
  return () => Promise.resolve(err({ kind, message: `it is ${kind}` }));
};

interface Setup {
  readonly answer?: Answer;
  readonly kill?: Result<void, KillFailure>;
  readonly limits?: Partial<ActionLimits>;
}

function setUp({ answer = done, kill = ok(undefined), limits = {} }: Setup = {}) {
  const calls: string[] = [];
  const ask = (name: string) => (id: string) => {
    calls.push(`${name} ${id}`);
    return answer();
  };
  const { log, lines } = createRecordingLog();
  const runner = createActionRunner({
    runtime: { pause: ask("pause"), stop: ask("stop"), kill: ask("kill") },
    killProcess: (pid, startTicks) => {
      calls.push(`kill process ${pid} ${startTicks}`);
      return kill;
    },
    clock: { nowMs: () => 0, nowNs: () => 0n, monotonicMs: () => calls.length * 10 },
    log,
    outputNames: ["stdout", "ops"],
    limits: { timeoutMs: 1000, concurrentMax: 4, waitingMax: 100, ...limits },
  });
  return { calls, lines, runner };
}

function plan(action: Action, policyName = "p"): PlannedAction {
  return { action, policyName, status: "do" };
}

const single: {
  readonly name: string;
  readonly action: Action;
  readonly setup?: Setup;
  readonly target?: { pid: number; startTicks: bigint };
  readonly calls: readonly string[];
  readonly status: Outcome["status"];
  readonly detail?: string | RegExp;
}[] = [
  { name: "pause", action: { kind: "pause" }, calls: ["pause c1"], status: "done" },
  { name: "stop", action: { kind: "stop" }, calls: ["stop c1"], status: "done" },
  {
    name: "kill the container",
    action: { kind: "kill-container" },
    calls: ["kill c1"],
    status: "done",
  },
  {
    name: "kill the process, known by its start too",
    action: { kind: "kill-process" },
    calls: ["kill process 4711 99"],
    status: "done",
  },
  {
    name: "deny was answered by the gate, and is only recorded",
    action: { kind: "deny" },
    calls: [],
    status: "done",
  },
  {
    name: "notify outputs that are there",
    action: { kind: "notify", outputs: ["ops"] },
    calls: [],
    status: "done",
  },
  {
    name: "notify an output that is not there",
    action: { kind: "notify", outputs: ["ops", "opz"] },
    calls: [],
    status: "failed",
    detail: 'cannot notify "opz": the configured outputs are stdout, ops',
  },
  {
    name: "a container that is gone is done",
    action: { kind: "pause" },
    setup: { answer: failing("gone") },
    calls: ["pause c1"],
    status: "done",
    detail: "already gone",
  },
  {
    name: "a process that is gone is done",
    action: { kind: "kill-process" },
    setup: { kill: err({ kind: "gone", message: "no such process" }) },
    calls: ["kill process 4711 99"],
    status: "done",
    detail: "already gone",
  },
  {
    name: "a process that cannot be killed",
    action: { kind: "kill-process" },
    setup: { kill: err({ kind: "failed", message: "EPERM" }) },
    calls: ["kill process 4711 99"],
    status: "failed",
    detail: /^cannot kill process 4711: EPERM; /,
  },
  {
    name: "an engine that does not answer, with what to do",
    action: { kind: "kill-container" },
    setup: { answer: failing("unreachable") },
    calls: ["kill c1"],
    status: "failed",
    detail: /^cannot kill container: it is unreachable; .*docker info$/,
  },
  {
    name: "an engine that refuses",
    action: { kind: "pause" },
    setup: { answer: failing("refused") },
    calls: ["pause c1"],
    status: "failed",
    detail: /it is refused; .*docker inspect$/,
  },
  {
    name: "an engine that never answers is given up",
    action: { kind: "pause" },
    setup: { answer: never, limits: { timeoutMs: 10 } },
    calls: ["pause c1"],
    status: "failed",
    detail: /no answer within 10 ms/,
  },
  {
    name: "an adapter that throws costs one outcome",
    action: { kind: "pause" },
    setup: {
      answer: () => {
        throw new Error("bug");
      },
    },
    calls: ["pause c1"],
    status: "failed",
    detail: /bug/,
  },
  {
    name: "a container action outside of a container",
    action: { kind: "pause" },
    target: { pid: 1, startTicks: 1n },
    calls: [],
    status: "not-possible",
    detail: "the process is in no container that the engine knows",
  },
];
for (const row of single) {
  t.test(row.name, async (t) => {
    const { calls, lines, runner } = setUp(row.setup);
    const [outcome] = await runner.run([plan(row.action)], row.target ?? target);
    t.strictSame(calls, row.calls);
    t.strictSame(outcome?.action, row.action);
    t.equal(outcome?.status, row.status);
    if (row.detail === undefined) t.equal(outcome?.detail, undefined);
    else t.match(outcome?.detail, row.detail);
    t.equal(outcome?.tookMs, row.calls.length * 10);
    t.strictSame(
      lines.map(({ message }) => message),
      row.status === "failed" ? ["action failed"] : [],
    );
  });
}

t.test("what the decision left undone is passed on, and nothing is done", async (t) => {
  const { calls, runner } = setUp();
  const planned: PlannedAction[] = [
    { action: { kind: "deny" }, policyName: "p", status: "would-do" },
    { action: { kind: "pause" }, policyName: "p", status: "suppressed", detail: "cooldown" },
    { action: { kind: "stop" }, policyName: "p", status: "not-possible", detail: "never" },
  ];
  t.strictSame(await runner.run(planned, target), [
    { action: { kind: "deny" }, status: "would-do" },
    { action: { kind: "pause" }, status: "suppressed", detail: "cooldown" },
    { action: { kind: "stop" }, status: "not-possible", detail: "never" },
  ]);
  t.strictSame(calls, []);
  t.strictSame(runner.counters(), {
    done: 0,
    failed: 0,
    suppressed: 1,
    wouldDo: 1,
    notPossible: 1,
  });
});

t.test("the quickest help comes first, and outcomes are in the order of the plan", async (t) => {
  const { calls, runner } = setUp();
  const kinds = ["stop", "kill-container", "pause", "kill-process"] as const;
  const outcomes = await runner.run(
    kinds.map((kind) => plan({ kind })),
    target,
  );
  t.strictSame(calls, ["kill process 4711 99", "pause c1", "kill c1", "stop c1"]);
  t.strictSame(
    outcomes.map(({ action }) => action.kind),
    kinds,
  );
});

t.test("two policies that want the same have it once, and both are told", async (t) => {
  const { calls, runner } = setUp();
  const planned = [plan({ kind: "pause" }, "a"), plan({ kind: "pause" }, "b")];
  const outcomes = await runner.run(planned, target);
  t.strictSame(calls, ["pause c1"]);
  t.strictSame(
    outcomes.map(({ status }) => status),
    ["done", "done"],
  );
});

t.test("the same action on the same container at the same time is one", async (t) => {
  let release: () => void = () => undefined;
  const answer: Answer = () =>
    new Promise((resolve) => {
      release = () => {
        resolve(ok(undefined));
      };
    });
  const { calls, runner } = setUp({ answer });
  const runs = [1, 2, 3].map((pid) => runner.run([plan({ kind: "pause" })], { ...target, pid }));
  await new Promise((resolve) => setImmediate(resolve));
  t.strictSame(calls, ["pause c1"]);
  release();
  for (const outcomes of await Promise.all(runs)) t.equal(outcomes[0]?.status, "done");
  void runner.run([plan({ kind: "pause" })], target);
  await new Promise((resolve) => setImmediate(resolve));
  t.strictSame(calls, ["pause c1", "pause c1"], "later it is asked again");
  release();
});

t.test("actions under way and waiting are bounded", async (t) => {
  const releases: (() => void)[] = [];
  const answer: Answer = () =>
    new Promise((resolve) => {
      releases.push(() => {
        resolve(ok(undefined));
      });
    });
  const { calls, runner } = setUp({ answer, limits: { concurrentMax: 2, waitingMax: 3 } });
  const runs = Array.from({ length: 7 }, (_, i) =>
    runner.run([plan({ kind: "pause" })], { ...target, containerId: `c${i}` }),
  );
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    t.ok(calls.length <= i + 2);
    releases[i]?.();
  }
  const statuses = (await Promise.all(runs)).map(([outcome]) => outcome?.status);
  t.strictSame(statuses, ["done", "done", "done", "done", "done", "failed", "failed"]);
  t.strictSame(runner.counters(), {
    done: 5,
    failed: 2,
    suppressed: 0,
    wouldDo: 0,
    notPossible: 0,
  });
});
