// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { ActionTarget, KilledTree, KillFailure } from "../../daemon/action/action.ts";
import type { ActionLimits } from "../../daemon/action/attempts.ts";
import { createActionRunner } from "../../daemon/action/run.ts";
import type { Action, Outcome, UndoStep } from "../../daemon/model/alert.ts";
import type { PlannedAction } from "../../daemon/model/decision.ts";
import type { HookResult } from "../../daemon/model/hook.ts";
import type { Disconnection, RuntimeChange, RuntimeFailure } from "../../daemon/model/ports.ts";
import { err, ok, type Result } from "../../daemon/util/result.ts";
import { createRecordingLog } from "../support/recording-log.ts";

const alertJson = (outcomes: readonly Outcome[]): string =>
  JSON.stringify(outcomes.map(({ action, status }) => `${action.kind} ${status}`));
const target = { containerId: "c1", pid: 4711, startTicks: 99n, alertUuid: "u1", alertJson };
type Answer = () => Promise<Result<RuntimeChange, RuntimeFailure>>;
const done: Answer = () => Promise.resolve(ok("changed"));
const never: Answer = () => new Promise(() => undefined);
const failing = (kind: RuntimeFailure["kind"]): Answer => {
  return () => Promise.resolve(err({ kind, message: `it is ${kind}` }));
};

interface Setup {
  readonly answer?: Answer;
  readonly kill?: Result<void, KillFailure>;
  readonly tree?: Result<KilledTree, KillFailure>;
  readonly networks?: Result<Disconnection, RuntimeFailure>;
  readonly hook?: Result<HookResult>;
  readonly limits?: Partial<ActionLimits>;
}

const web = { name: "web", endpoint: { Aliases: ["a"] } };

function setUp(setup: Setup = {}) {
  const { answer = done, kill = ok(undefined), limits = {} } = setup;
  const { tree = ok({ killed: 3, isComplete: true }), networks = ok({ networks: [web] }) } = setup;
  const calls: string[] = [];
  const ask = (name: string) => (id: string, options?: number | object) => {
    const settings: [string, unknown][] =
      typeof options === "object" ? Object.entries(options) : [];
    const given = settings
      .filter(([key, value]) => key !== "timeoutMs" && value !== undefined)
      .map(([, value]) => String(value));
    calls.push([name, id, ...given].join(" "));
    return answer();
  };
  const { log, lines } = createRecordingLog();
  const runner = createActionRunner({
    runtime: {
      ...{ pause: ask("pause"), unpause: ask("unpause"), stop: ask("stop"), kill: ask("kill") },
      restart: ask("restart"),
      disconnect: (id) => {
        calls.push(`disconnect ${id}`);
        return Promise.resolve(networks);
      },
      reconnect: () => Promise.resolve(ok({ change: "changed" })),
    },
    killProcessTree: (pid, startTicks) => {
      calls.push(`kill tree ${pid} ${startTicks}`);
      return Promise.resolve(tree);
    },
    runHook: ({ action, environment, standardInput }) => {
      const variables = Object.entries(environment).map((entry) => entry.join("="));
      calls.push([...action.program, ...variables, standardInput].join(" "));
      return Promise.resolve(setup.hook ?? ok({ end: { exitCode: 0 }, isTimedOut: false }));
    },
    killProcess: (pid, startTicks) => {
      calls.push(`kill process ${pid} ${startTicks}`);
      return kill;
    },
    clock: { nowMs: () => 0, nowNs: () => 0n, monotonicMs: () => calls.length * 10 },
    log,
    outputNames: () => ["stdout", "ops"],
    limits: {
      ...{ timeoutMs: 1000, concurrentMax: 4, waitingMax: 100, retryDelayMs: 2_000 },
      ...{ hooksConcurrentMax: 2, hooksWaitingMax: 2, retryDelayMaxMs: 2_000, ...limits },
    },
  });
  return { calls, lines, runner };
}

function plan(action: Action, policyName = "p"): PlannedAction {
  return { action, policyName, status: "do" };
}

const hook: Action = {
  ...{ kind: "hook", program: ["/bin/page", "-u"], user: "nobody", timeoutMs: 5_000 },
};

const single: {
  readonly name: string;
  readonly action: Action;
  readonly setup?: Setup;
  readonly target?: ActionTarget;
  readonly calls: readonly string[];
  readonly status: Outcome["status"];
  readonly detail?: string | RegExp;
  readonly undo?: UndoStep;
}[] = [
  {
    name: "pause",
    action: { kind: "pause" },
    calls: ["pause c1"],
    status: "done",
    undo: { kind: "unpause" },
  },
  {
    name: "a container that somebody else paused is not ours to let go on",
    action: { kind: "pause" },
    setup: { answer: () => Promise.resolve(ok("unchanged")) },
    calls: ["pause c1"],
    status: "done",
    detail: "it was paused already",
  },
  { name: "unpause", action: { kind: "unpause" }, calls: ["unpause c1"], status: "done" },
  {
    name: "stop with a grace",
    action: { kind: "stop", graceMs: 3_000 },
    calls: ["stop c1 3000"],
    status: "done",
  },
  { name: "restart", action: { kind: "restart" }, calls: ["restart c1"], status: "done" },
  {
    name: "a signal for the container",
    action: { kind: "kill-container", signal: "SIGTERM" },
    calls: ["kill c1 SIGTERM"],
    status: "done",
  },
  {
    name: "kill the process with its descendants",
    action: { kind: "kill-process-tree" },
    calls: ["kill tree 4711 99"],
    status: "done",
    detail: "3 processes",
  },
  {
    name: "a process that has more descendants than can be killed in time",
    action: { kind: "kill-process-tree" },
    setup: { tree: ok({ killed: 9, isComplete: false }) },
    calls: ["kill tree 4711 99"],
    status: "failed",
    detail: /9 processes killed, and there may be more/,
  },
  {
    name: "disconnect, and how to undo it",
    action: { kind: "disconnect" },
    calls: ["disconnect c1"],
    status: "done",
    detail: "web",
    undo: { kind: "reconnect", networks: [web] },
  },
  {
    name: "disconnect of a container without a network",
    action: { kind: "disconnect" },
    setup: { networks: ok({ networks: [] }) },
    calls: ["disconnect c1"],
    status: "done",
    detail: "it was on no network",
  },
  {
    name: "disconnect of a container with the host's network",
    action: { kind: "disconnect" },
    setup: { networks: ok({ networks: [], obstacle: "it has the host's network" }) },
    calls: ["disconnect c1"],
    status: "not-possible",
    detail: "cannot disconnect the container: it has the host's network",
  },
  {
    name: "a disconnect that went half way can be undone as far as it went",
    action: { kind: "disconnect" },
    setup: { networks: ok({ networks: [web], obstacle: "no answer" }) },
    calls: ["disconnect c1"],
    status: "failed",
    detail: "it is off web, and still on others: no answer",
    undo: { kind: "reconnect", networks: [web] },
  },
  {
    name: "a hook",
    action: hook,
    calls: ["/bin/page -u EXECWARDEN_ALERT=u1 EXECWARDEN_CONTAINER=c1 []\n"],
    status: "done",
  },
  {
    name: "a hook that fails says how, and what it said",
    action: hook,
    setup: { hook: ok({ end: { exitCode: 3, stderr: "no network\n" }, isTimedOut: false }) },
    calls: ["/bin/page -u EXECWARDEN_ALERT=u1 EXECWARDEN_CONTAINER=c1 []\n"],
    status: "failed",
    detail: "hook /bin/page ended with exit status 3; it said: no network",
  },
  {
    name: "a hook that takes too long",
    action: hook,
    setup: { hook: ok({ end: { signal: "SIGTERM" }, isTimedOut: true }) },
    calls: ["/bin/page -u EXECWARDEN_ALERT=u1 EXECWARDEN_CONTAINER=c1 []\n"],
    status: "failed",
    detail: "hook /bin/page was still running after 5s, and was ended",
  },
  {
    name: "a hook that cannot be started",
    action: hook,
    setup: { hook: err(new Error("cannot run hook /bin/page: it is not there")) },
    calls: ["/bin/page -u EXECWARDEN_ALERT=u1 EXECWARDEN_CONTAINER=c1 []\n"],
    status: "failed",
    detail: "cannot run hook /bin/page: it is not there",
  },
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
    target: { ...target, containerId: undefined },
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
    t.strictSame(outcome?.undo, row.undo);
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
  t.match(runner.counters(), {
    done: 0,
    failed: 0,
    suppressed: 1,
    wouldDo: 1,
    notPossible: 1,
  });
});

t.test("the quickest help comes first, and outcomes are in the order of the plan", async (t) => {
  const { calls, runner } = setUp();
  const kinds = [
    ...(["unpause", "restart", "stop", "kill-container", "disconnect", "pause"] as const),
    ...(["kill-process-tree", "kill-process"] as const),
  ];
  const outcomes = await runner.run(
    kinds.map((kind) => plan({ kind })),
    target,
  );
  t.strictSame(calls, [
    ...["kill process 4711 99", "kill tree 4711 99", "pause c1", "disconnect c1", "kill c1"],
    ...["stop c1", "restart c1", "unpause c1"],
  ]);
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
        resolve(ok("changed"));
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
        resolve(ok("changed"));
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
  t.match(runner.counters(), {
    done: 5,
    failed: 2,
    suppressed: 0,
    wouldDo: 0,
    notPossible: 0,
  });
});

/** Work that ends when the test says so. */
function gated() {
  const releases: (() => void)[] = [];
  const answer: Answer = () =>
    new Promise((resolve) => {
      releases.push(() => {
        resolve(ok("changed"));
      });
    });
  return { releases, answer };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test("actions on one container go in order, on different containers side by side", async (t) => {
  const { releases, answer } = gated();
  const { calls, runner } = setUp({ answer });
  const first = runner.run([plan({ kind: "pause" })], target);
  const second = runner.run([plan({ kind: "unpause" })], target);
  const third = runner.run([plan({ kind: "pause" })], target);
  const other = runner.run([plan({ kind: "stop" })], { ...target, containerId: "c2" });
  await turn();
  t.strictSame(calls, ["pause c1", "stop c2"]);
  t.match(runner.counters(), { running: 2 });
  for (let i = 0; i < 4; i++) {
    releases[i]?.();
    await turn();
  }
  await Promise.all([first, second, third, other]);
  t.strictSame(calls, ["pause c1", "stop c2", "unpause c1", "pause c1"]);
  t.match(runner.counters(), { running: 0, waiting: 0 });
});

t.test("a process is killed although its container is being stopped", async (t) => {
  const { releases, answer } = gated();
  const { calls, runner } = setUp({ answer });
  const stopping = runner.run([plan({ kind: "stop" })], target);
  await runner.run([plan({ kind: "kill-process" })], target);
  t.strictSame(calls, ["stop c1", "kill process 4711 99"]);
  releases[0]?.();
  await stopping;
});

t.test("what waits behind a container's action is bounded", async (t) => {
  const { releases, answer } = gated();
  const { runner } = setUp({ answer, limits: { waitingMax: 1 } });
  const kinds = ["pause", "unpause", "stop"] as const;
  const runs = kinds.map((kind) => runner.run([plan({ kind })], target));
  t.match(await runs[2], [
    { status: "failed", detail: "cannot stop: too many actions are waiting" },
  ]);
  for (const run of runs.slice(0, 2)) {
    await turn();
    releases.shift()?.();
    t.match(await run, [{ status: "done" }]);
  }
});

t.test("an engine that comes back is asked again, and the outcome says so", async (t) => {
  const answers = [failing("unreachable"), failing("unreachable"), done];
  const { calls, runner } = setUp({
    answer: () => (answers.shift() ?? done)(),
    limits: { retryDelayMs: 1 },
  });
  const [outcome] = await runner.run([plan({ kind: "pause" })], target);
  t.match(outcome, { status: "done", detail: "at try 3", undo: { kind: "unpause" } });
  t.strictSame(calls, ["pause c1", "pause c1", "pause c1"]);
  t.equal(runner.counters().retries, 2);
  t.notOk("isRetryable" in (outcome ?? {}));
});

t.test("an engine that stays away is given up in time", async (t) => {
  const limits = { timeoutMs: 200, retryDelayMs: 1, retryDelayMaxMs: 16 };
  const { calls, runner } = setUp({ answer: failing("unreachable"), limits });
  const [outcome] = await runner.run([plan({ kind: "pause" })], target);
  t.equal(outcome?.status, "failed");
  t.match(outcome?.detail, new RegExp(`docker info \\(tried ${calls.length} times\\)$`));
  t.ok(calls.length > 2);
});

t.test("what was refused, and a hook that failed, are not tried again", async (t) => {
  const refused = setUp({ answer: failing("refused"), limits: { retryDelayMs: 1 } });
  await refused.runner.run([plan({ kind: "pause" })], target);
  t.equal(refused.calls.length, 1);
  const broken = setUp({ hook: err(new Error("no")), limits: { retryDelayMs: 1 } });
  await broken.runner.run([plan(hook)], target);
  t.equal(broken.calls.length, 1);
});

t.test("a hook hears what came of the actions before it", async (t) => {
  const { calls, runner } = setUp();
  const planned = [plan(hook), plan({ kind: "pause" }), plan({ kind: "kill-process" })];
  await runner.run(planned, target);
  t.match(calls.at(-1), '["kill-process done","pause done"]\n');
});

t.test("hooks have turns of their own, and a flood of them is refused", async (t) => {
  const { calls, runner } = setUp();
  const runs = Array.from({ length: 6 }, () => runner.run([plan(hook)], target));
  const statuses = (await Promise.all(runs)).map(([outcome]) => outcome?.status);
  t.strictSame(statuses, ["done", "done", "done", "done", "failed", "failed"]);
  t.equal(calls.length, 4);
  t.match(runner.counters(), { hooksRunning: 0, hooksWaiting: 0, done: 4, failed: 2 });
});
