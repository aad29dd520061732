// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { DockerClients } from "../daemon/enrich/docker-clients.ts";
import { ExecSessions } from "../daemon/enrich/exec-origin.ts";
import { Places } from "../daemon/enrich/places.ts";
import { ProcessTree } from "../daemon/enrich/process-tree.ts";
import { Contents } from "../daemon/guard/contents.ts";
import { readUserDirectory, type UserDirectory } from "../daemon/enrich/users.ts";
import { ExecBudget } from "../daemon/guard/exec-budget.ts";
import { AlertWait } from "../daemon/guard/alert-wait.ts";
import { Settlement } from "../daemon/guard/settlement.ts";
import type { Verdict } from "../daemon/model/alert.ts";
import type { Container } from "../daemon/model/container.ts";
import type { PlannedAction } from "../daemon/model/decision.ts";
import type { ExecEvent } from "../daemon/model/event.ts";
import type { AlertDraft } from "../daemon/model/guard-messages.ts";
import { Pipeline } from "../daemon/pipeline.ts";
import type { Judge } from "../daemon/pipeline-port.ts";
import type { Rule } from "../daemon/rules/ruleset.ts";
import type { GateRecord } from "../daemon/tracer/gate-record.ts";
import { container, hex64, host, rule } from "./policy/samples.ts";
import { createRecordingLog } from "./support/recording-log.ts";
import { gateRecord, statText, statusText, type RecordChanges } from "./tracer/gate-records.ts";

const web = container({ id: hex64("a"), name: "web", rootDirectory: "/w/merged" });
const db = container({ id: hex64("b"), name: "db", rootDirectory: "/d/merged" });
const stranger = hex64("f");
const deadlineMs = 250;
const takenMs = 1_000;

/** A rule that matches programs by the last part of their path. */
interface FakeRule {
  readonly name: string;
  readonly programs: readonly string[];
}

interface SetUp {
  readonly rules?: readonly FakeRule[];
  readonly verdict?: Verdict;
  readonly onDeadline?: Verdict;
  readonly canDeny?: boolean;
  /** False: the engine has yet to answer for the first time. */
  readonly hasEngineAnswered?: boolean;
  /** False: the container has not been settled, which a first exec has to wait for. */
  readonly isSettled?: boolean;
  /** What the engine has told. */
  readonly containers?: readonly Container[];
  /** Says whether the containers' passwd was read; it was, unless told otherwise. */
  readonly areUsersKnown?: () => boolean;
  /** What the rules and policies do when they are asked. */
  readonly onMatch?: (event: ExecEvent) => void;
  readonly onDecide?: () => void;
  /** Execs of a container that are no flood yet; one a second is no flood ever. */
  readonly burst?: number;
  /** Further actions of every match. */
  readonly actions?: readonly PlannedAction[];
}

const webFetch: FakeRule = { name: "Web Fetch", programs: ["curl"] };

function ruleOf({ name }: FakeRule): Rule {
  return {
    ...rule({ name }),
    isEnabled: true,
    outputText: "",
    formatOutput: (event) => ({
      output: `${name}: ${event.kind === "exec" ? event.process.comm : ""} in ${event.container?.name ?? "no container"}`,
      fields: {},
    }),
  };
}

function createFakeJudge(options: SetUp): Judge {
  const { rules = [], verdict = "allow", canDeny = true, actions = [] } = options;
  const deny: PlannedAction = { action: { kind: "deny" }, policyName: "P", status: "do" };
  return {
    match(event) {
      if (event.kind !== "exec") return [];
      options.onMatch?.(event);
      const file = event.interpreter ?? event.file;
      const name = file.path.slice(file.path.lastIndexOf("/") + 1);
      return rules.filter(({ programs }) => programs.includes(name)).map(ruleOf);
    },
    decide(event, matches) {
      options.onDecide?.();
      const isDenied = verdict === "deny" && event.isHeld;
      return {
        verdict: isDenied ? "deny" : "allow",
        matches: matches.map((rule) => ({
          ...{ rule, policies: [] },
          actions: isDenied ? [deny, ...actions] : actions,
        })),
      };
    },
    denies: () => verdict === "deny",
    programListsOf: () => [],
    allowlistsOf: (of) => new Set(of === undefined ? [] : [`lists of ${of.name}`]),
    canDeny,
  };
}

const usersOf = (id: string): UserDirectory =>
  readUserDirectory({ passwd: id === web.id ? "root:x:0:0::/r:/s\n" : "", group: "" });

/** A pipeline between a fake judge and a fake gate, with a clock that the test sets. */
function setUp(options: SetUp = {}) {
  const { onDeadline = "allow", isSettled = true, containers = [web, db] } = options;
  const budget = { execsPerSecond: 1, burst: options.burst ?? 1_000 };
  const places = new Places();
  const tree = new ProcessTree(() => undefined);
  const answers: (readonly [tid: number, verdict: Verdict])[] = [];
  const told: string[] = [];
  const drafts: AlertDraft[] = [];
  const events: ExecEvent[] = [];
  const gate = { isLate: false, nowMs: takenMs };
  const { log, lines } = createRecordingLog();
  for (const known of containers) places.setContainer(known);
  places.addRoot({ device: 42, generation: 1 }, "/w/merged");
  const settlement = new Settlement({
    setMode: ({ device, generation }, mode) => told.push(`${device}/${generation} ${mode}`),
    setDefaultMode: () => undefined,
    requestCoverage: (containerId, pid) => told.push(`cover ${containerId.slice(0, 1)} ${pid}`),
    setDevices: (id, devices) => {
      places.setDevices(id, devices);
    },
    rootsOf: (id) => places.rootsOf(id),
    canDeny: () => options.canDeny ?? true,
    couldDeny: () => options.canDeny ?? true,
  });
  if (isSettled)
    for (const { id } of [web, db]) settlement.covered(id, { devices: [], isComplete: true });
  told.length = 0;
  const judge = createFakeJudge({
    ...options,
    onMatch(event) {
      events.push(event);
      options.onMatch?.(event);
    },
  });
  const alertWait = new AlertWait(takenMs);
  if (options.hasEngineAnswered !== false) alertWait.engineAnswered(takenMs);
  const pipeline = new Pipeline({
    clients: new DockerClients(),
    alertWait,
    contents: new Contents({
      question: () => "nothing",
      digest: () => false,
      forget: () => undefined,
      monotonicMs: () => gate.nowMs,
      onKnown: () => undefined,
    }),
    judge,
    places,
    tree,
    sessions: new ExecSessions(),
    settlement,
    users: (id) => (options.areUsersKnown?.() === false ? undefined : usersOf(id)),
    answer({ tid }, verdict) {
      if (gate.isLate || answers.some(([answered]) => answered === tid)) return false;
      answers.push([tid, verdict]);
      return true;
    },
    onDrafts: (made) => drafts.push(...made),
    ...{ host, boot: { ns: 0n }, bounds: { deadlineMs, onDeadline, budget }, log },
    budget: new ExecBudget(budget),
    nextNumber: () => events.length + 1,
    monotonicMs: () => gate.nowMs,
  });
  /** Hands records to the pipeline, as the gate would. */
  const take = (...records: readonly RecordChanges[]): void => {
    for (const changes of records) pipeline.take(gateRecord(changes));
  };
  /** Lets time pass and looks at what waits. */
  const sweep = (afterMs: number): void => {
    gate.nowMs = takenMs + afterMs;
    pipeline.sweep();
  };
  const outputs = (): readonly string[] => drafts.map(({ alert }) => alert.output);
  return {
    ...{
      pipeline,
      places,
      tree,
      settlement,
      alertWait,
      gate,
      answers,
      told,
      drafts,
      events,
      lines,
    },
    ...{ take, sweep, outputs },
  };
}

/** One more exec, by another thread of another process. */
function byThread(tid: number, more: RecordChanges = {}): RecordChanges {
  return { tid, stat: statText({ pid: tid }), status: statusText({ pid: tid }), ...more };
}

const cat: RecordChanges = { filename: "/bin/cat", file: { path: "/bin/cat", inode: 5n } };
const loader: RecordChanges = { file: { path: "/lib/ld.so", inode: 6n } };

t.test("what no rule matches is allowed at once, and the process is remembered", (t) => {
  const { take, answers, tree, drafts, pipeline } = setUp({ rules: [webFetch] });
  take(cat);
  t.strictSame(answers, [[100, "allow"]]);
  t.match(tree.parent({ pid: 100, startTicks: 5000n }), { comm: "cat", exepath: "/bin/cat" });
  t.strictSame(drafts, []);
  t.strictSame(pipeline.counters(), {
    ...{
      judged: 1,
      argvUnknown: 0,
      processGone: 0,
      containerUnknown: 0,
      decisionFailures: 0,
      waiting: 0,
    },
  });
  t.end();
});

for (const verdict of ["allow", "deny"] as const) {
  t.test(`what a rule matches is answered as decided (${verdict}), and told in full`, (t) => {
    const { take, answers, drafts, tree, events } = setUp({ rules: [webFetch], verdict });
    take({ loginuid: "0" });
    t.strictSame(answers, [[100, verdict]]);
    t.match(drafts, [
      {
        alert: {
          ...{ rule: "Web Fetch", output: "Web Fetch: curl in web", verdict, isHeld: true },
          ...{ container: web, host, timeNs: 1_700_000_000_000_000_000n },
          process: { cmdline: "curl https://example.com", user: "root", loginUser: "root" },
          outcomes: verdict === "deny" ? [{ status: "done" }] : [],
        },
        ...{ pid: 100, startTicks: 5000n, planned: [] },
      },
    ]);
    t.match(events, [{ number: 1, isHeld: true, allowlists: new Set(["lists of web"]) }]);
    t.equal(tree.size, verdict === "deny" ? 0 : 1, "a refused exec leaves the process as it was");
    t.end();
  });
}

t.test("each rule that matches makes an alert of its own", (t) => {
  const other: FakeRule = { name: "Other", programs: ["curl"] };
  const { take, outputs, answers } = setUp({ rules: [webFetch, other] });
  take({});
  t.strictSame(outputs(), ["Web Fetch: curl in web", "Other: curl in web"]);
  t.equal(answers.length, 1);
  t.end();
});

t.test("an observed exec is judged and told, and not answered", (t) => {
  const { take, answers, drafts, tree } = setUp({ rules: [webFetch], verdict: "deny" });
  take({ isHeld: false });
  t.strictSame(answers, []);
  t.match(drafts, [{ alert: { verdict: "allow", isHeld: false } }]);
  t.equal(tree.size, 1);
  t.end();
});

t.test("parents are found among the processes that did an exec before", (t) => {
  const { take, events } = setUp();
  take(cat, byThread(101, { stat: statText({ pid: 101, ppid: 100 }), parentStart: 5_000n }));
  t.equal(events[1]?.process.parent?.comm, "cat");
  t.end();
});

for (const onDeadline of ["allow", "deny"] as const) {
  for (const at of ["onMatch", "onDecide"] as const) {
    t.test(
      `a judge that throws in ${at}: the answer is ${onDeadline}, and the next is judged`,
      (t) => {
        let isBroken = true;
        const break_ = (): void => {
          if (isBroken) throw new Error("broken rule");
        };
        const { take, answers, pipeline, lines, outputs } = setUp({
          ...{ rules: [webFetch], onDeadline, [at]: break_ },
        });
        take({});
        t.strictSame(answers, [[100, onDeadline]]);
        t.match(pipeline.counters(), { decisionFailures: 1 });
        t.match(lines, [{ level: "error", fields: { answer: onDeadline, path: "/usr/bin/curl" } }]);
        t.match(lines[0]?.fields["error"], /broken rule/);
        isBroken = false;
        take(byThread(101));
        t.strictSame(answers[1], [101, "allow"]);
        t.strictSame(outputs(), ["Web Fetch: curl in web"]);
        t.match(pipeline.counters(), { decisionFailures: 1 });
        t.end();
      },
    );
  }
}

t.test("a judge that throws at a finding: that is counted, and the next is judged", (t) => {
  let isBroken = true;
  const { pipeline, take, events, lines, outputs } = setUp({
    rules: [webFetch],
    onMatch: ({ number }) => {
      if (isBroken && number > 1) throw new Error("broken rule");
    },
  });
  take({});
  const [event] = events;
  if (event === undefined) throw new Error("it was judged");
  const told: ReadonlySet<string> = new Set();
  pipeline.takeFinding(event, told);
  t.match(pipeline.counters(), { decisionFailures: 1 });
  t.match(lines, [{ level: "error", fields: { path: "/usr/bin/curl", error: /broken rule/ } }]);
  isBroken = false;
  pipeline.takeFinding(event, told);
  t.equal(outputs().length, 2);
  t.match(pipeline.counters(), { decisionFailures: 1 });
  t.end();
});

t.test("a judge that throws at what waited leaves the others waiting", (t) => {
  const { take, sweep, answers, pipeline, settlement, events } = setUp({
    isSettled: false,
    onDeadline: "deny",
    onMatch: ({ tid }) => {
      if (tid === 101) throw new Error("broken");
    },
  });
  for (const tid of [101, 102, 103]) take(byThread(tid));
  t.match(pipeline.counters(), { waiting: 3 });
  settlement.covered(web.id, { devices: [], isComplete: true });
  sweep(1);
  t.strictSame(answers, [
    [101, "deny"],
    [102, "allow"],
    [103, "allow"],
  ]);
  t.equal(events.length, 3);
  t.match(pipeline.counters(), { waiting: 0, decisionFailures: 1 });
  t.end();
});

t.test("a first exec waits until the container's places are marked", (t) => {
  const { take, sweep, answers, told, settlement, outputs } = setUp({
    ...{ rules: [webFetch], verdict: "deny", isSettled: false },
  });
  take({});
  t.strictSame(told, ["cover a 100"]);
  sweep(10);
  t.strictSame(answers, []);
  settlement.covered(web.id, { devices: [], isComplete: true });
  sweep(20);
  t.strictSame(answers, [[100, "deny"]]);
  t.strictSame(outputs(), ["Web Fetch: curl in web"]);
  take(byThread(101));
  t.strictSame(answers[1], [101, "deny"], "the next one does not wait");
  t.end();
});

t.test("a first exec waits until all is known of the container", (t) => {
  const created = { ...web, isComplete: false };
  const { take, sweep, answers, places, outputs } = setUp({
    ...{ rules: [webFetch], verdict: "deny", containers: [created] },
  });
  take({});
  sweep(10);
  t.strictSame(answers, []);
  places.setContainer({ ...web, name: "renamed" });
  sweep(20);
  t.strictSame(answers, [[100, "deny"]]);
  t.strictSame(outputs(), ["Web Fetch: curl in renamed"]);
  t.end();
});

t.test(
  "where nothing could be refused it goes once it is covered; its alert waits for the rest",
  (t) => {
    const created = { ...web, name: "", isComplete: false };
    const { take, sweep, answers, settlement, places, drafts, pipeline } = setUp({
      ...{ rules: [webFetch], canDeny: false, isSettled: false, containers: [created] },
    });
    take({});
    sweep(10);
    t.strictSame(answers, [], "held until its places are marked");
    settlement.covered(web.id, { devices: [], isComplete: true });
    sweep(20);
    t.strictSame(answers, [[100, "allow"]]);
    t.strictSame(drafts, []);
    sweep(deadlineMs * 2);
    t.match(pipeline.counters(), { waiting: 1 }, "the exec's deadline is not the alert's");
    places.setContainer(web);
    sweep(deadlineMs * 2 + 1);
    t.match(drafts, [
      { alert: { output: "Web Fetch: curl in web", isHeld: false, verdict: "allow" } },
    ]);
    t.equal(answers.length, 1, "answered once");
    t.end();
  },
);

for (const [canDeny, isHeldBack] of [
  [true, "the exec"],
  [false, "the alert alone"],
] as const) {
  t.test(`the names of a container's users hold back ${isHeldBack}`, (t) => {
    let areUsersKnown = false;
    const { take, sweep, answers, outputs } = setUp({
      ...{ rules: [webFetch], canDeny },
      areUsersKnown: () => areUsersKnown,
    });
    take({});
    sweep(10);
    t.strictSame(answers, canDeny ? [] : [[100, "allow"]]);
    t.strictSame(outputs(), []);
    areUsersKnown = true;
    sweep(20);
    t.strictSame(answers, [[100, "allow"]]);
    t.strictSame(outputs(), ["Web Fetch: curl in web"]);
    t.end();
  });
}

t.test("and goes at once where the container is settled", (t) => {
  const created = { ...web, isComplete: false };
  const { take, answers, drafts } = setUp({
    ...{ rules: [webFetch], canDeny: false, containers: [created] },
  });
  take({});
  t.strictSame(answers, [[100, "allow"]]);
  t.strictSame(drafts, []);
  t.end();
});

t.test("when its time is over it is judged with what is known", (t) => {
  const created = { ...web, name: "early", isComplete: false };
  const { take, sweep, answers, outputs } = setUp({
    ...{ rules: [webFetch], verdict: "deny", containers: [created] },
  });
  take({});
  sweep(deadlineMs * 0.8 - 1);
  t.strictSame(answers, []);
  sweep(deadlineMs * 0.8);
  t.strictSame(answers, [[100, "deny"]], "the engine has told of it: no doubt about its image");
  t.strictSame(outputs(), ["Web Fetch: curl in early"]);
  t.end();
});

t.test("an observed exec's alert waits ten seconds for its container, once", (t) => {
  const { take, sweep, drafts } = setUp({ rules: [webFetch], containers: [] });
  take({ isHeld: false, cgroup: `0::/docker/${web.id}\n` });
  sweep(9_999);
  t.strictSame(drafts, []);
  sweep(10_000);
  t.match(drafts, [{ alert: { container: { id: web.id, name: "" } } }]);
  take({ ...byThread(101), isHeld: false, cgroup: `0::/docker/${web.id}\n` });
  sweep(0);
  t.equal(drafts.length, 2, "nobody will tell of it: the next ones do not wait");
  t.end();
});

t.test("until the engine has answered once, alerts wait for the names of their containers", (t) => {
  const { take, sweep, answers, drafts, places, settlement, alertWait, told } = setUp({
    ...{ rules: [webFetch], verdict: "deny", containers: [], hasEngineAnswered: false },
  });
  take({ cgroup: `0::/docker/${web.id}\n` });
  sweep(deadlineMs);
  take({ ...byThread(101), isHeld: false });
  t.strictSame(answers, [[100, "allow"]], "what is held is answered in time all the same");
  t.ok(told.includes("42/1 observe"), "and the next ones are not held in vain");
  sweep(30_000);
  t.strictSame(drafts, []);
  places.setContainer(web);
  settlement.covered(web.id, { devices: [], isComplete: true });
  alertWait.engineAnswered(takenMs + 30_001);
  sweep(30_001);
  t.match(drafts, [
    {
      alert: {
        ...{ output: "Web Fetch: curl in web", verdict: "allow", isHeld: true },
        outcomes: [{ status: "failed", detail: /engine had not told/ }],
      },
    },
    { alert: { output: "Web Fetch: curl in web", isHeld: false } },
  ]);
  t.equal(answers.length, 1, "answered once");
  take({
    ...byThread(102),
    generation: 0,
    cgroup: `0::/docker/${stranger}\n`,
    monotonicMs: takenMs + 30_002,
  });
  sweep(30_002 + deadlineMs);
  t.strictSame(answers[1], [102, "allow"]);
  t.equal(drafts.length, 3, "from then on a held exec is judged when its time is over");
  t.end();
});

t.test("where no engine ever answers, alerts go out after a minute", (t) => {
  const { take, sweep, drafts, pipeline } = setUp({
    ...{ rules: [webFetch], containers: [], hasEngineAnswered: false },
  });
  take({ isHeld: false, cgroup: `0::/docker/${web.id}\n` });
  sweep(59_999);
  t.strictSame(drafts, []);
  sweep(60_000);
  t.match(drafts, [{ alert: { container: { id: web.id, name: "" } } }]);
  t.match(pipeline.counters(), { waiting: 0, containerUnknown: 1 });
  t.end();
});

t.test("an exec that would be refused on suspicion is judged in time, and told at once", (t) => {
  const { take, sweep, answers, drafts } = setUp({
    ...{ rules: [webFetch], verdict: "deny", onDeadline: "deny" },
    ...{ containers: [], hasEngineAnswered: false },
  });
  take(
    { cgroup: `0::/docker/${web.id}\n` },
    byThread(101, { ...cat, cgroup: `0::/docker/${web.id}\n` }),
  );
  sweep(deadlineMs);
  t.strictSame(answers, [
    [100, "deny"],
    [101, "allow"],
  ]);
  t.match(drafts, [{ alert: { verdict: "deny" } }]);
  t.end();
});

for (const [onDeadline, outcome] of [
  ["allow", { status: "failed", detail: /engine had not told/ }],
  ["deny", { status: "done", detail: undefined }],
] as const) {
  t.test(
    `a container that is not known in time is not refused unless so chosen (${onDeadline})`,
    (t) => {
      const { take, sweep, answers, drafts, pipeline, told, tree } = setUp({
        ...{ rules: [webFetch], verdict: "deny", containers: [], onDeadline },
      });
      take({ cgroup: `0::/docker/${stranger}\n` });
      t.strictSame(told, ["cover f 100"]);
      sweep(deadlineMs);
      t.strictSame(answers, [[100, onDeadline]]);
      t.match(drafts, [
        { alert: { verdict: onDeadline, container: { id: stranger }, outcomes: [outcome] } },
      ]);
      t.match(pipeline.counters(), { containerUnknown: 1 });
      t.ok(told.includes("42/1 observe"), "its next execs are not held in vain");
      t.equal(tree.size, onDeadline === "deny" ? 0 : 1);
      t.end();
    },
  );
}

const late: readonly [
  name: string,
  verdict: Verdict,
  onDeadline: Verdict,
  outcomes: readonly unknown[],
  remembered: number,
][] = [
  [
    "allowed what was to be refused",
    "deny",
    "allow",
    [{ status: "failed", detail: /deadline answered first/ }],
    1,
  ],
  ["refused what was to be refused", "deny", "deny", [{ status: "done", detail: undefined }], 0],
  ["allowed what was to be allowed", "allow", "allow", [], 1],
  ["refused what was to be allowed", "allow", "deny", [], 0],
];

for (const [name, verdict, onDeadline, outcomes, remembered] of late) {
  t.test(`the deadline answered first: it ${name}`, (t) => {
    const { take, gate, drafts, tree } = setUp({ rules: [webFetch], verdict, onDeadline });
    gate.isLate = true;
    take({});
    t.match(drafts, [{ alert: { verdict: onDeadline, isHeld: true } }]);
    t.equal(drafts[0]?.alert.outcomes.length, outcomes.length);
    t.match(drafts[0]?.alert.outcomes, outcomes);
    t.equal(tree.size, remembered);
    t.end();
  });
}

t.test("the deadline refused what no rule matches: the process is what it was", (t) => {
  const { take, gate, tree } = setUp({ onDeadline: "deny" });
  gate.isLate = true;
  take(cat);
  t.equal(tree.size, 0);
  t.end();
});

const sameCall: readonly [
  name: string,
  rules: readonly FakeRule[],
  records: readonly RecordChanges[],
  outputs: readonly string[],
][] = [
  [
    "its loader does not repeat a rule",
    [{ name: "R", programs: ["curl", "ld.so"] }],
    [{}, loader],
    ["R: curl in web"],
  ],
  [
    "its loader is judged as the program that it loads",
    [
      { name: "R", programs: ["curl"] },
      { name: "L", programs: ["curl", "ld.so"] },
      { name: "N", programs: ["ld.so"] },
    ],
    [{}, { ...loader }],
    ["R: curl in web", "L: curl in web"],
  ],
  [
    "an interpreter does not repeat what its script matched, and tells what is new",
    [
      { name: "S", programs: ["run", "sh"] },
      { name: "I", programs: ["sh"] },
    ],
    [
      { filename: "/app/run", head: "#!/bin/sh", file: { path: "/app/run", inode: 1n } },
      { filename: "/app/run", file: { path: "/bin/sh", inode: 2n } },
      { filename: "/app/run", file: { path: "/lib/ld.so", inode: 6n } },
    ],
    ["S: run in web", "I: run in web"],
  ],
  [
    "another call of the same thread tells it again",
    [{ name: "R", programs: ["curl", "ld.so"] }],
    [{}, loader, { call: "next" }],
    ["R: curl in web", "R: curl in web"],
  ],
  [
    "also when only the interpreter of the other call matches it",
    [{ name: "R", programs: ["curl"] }],
    [
      {},
      { filename: "/app/run", call: "next", head: "#!/u", file: { path: "/app/run", inode: 1n } },
      { filename: "/app/run", call: "next" },
    ],
    ["R: curl in web", "R: run in web"],
  ],
];

for (const [name, rules, records, expected] of sameCall) {
  t.test(`one call opens several files: ${name}`, (t) => {
    const { take, outputs } = setUp({ rules });
    take(...records.map((record) => ({ ...record, isHeld: false })));
    t.strictSame(outputs(), expected);
    t.end();
  });
}

t.test("after a refusal the thread's next exec is a new call, with equal registers too", (t) => {
  const { take, outputs, answers, events } = setUp({
    rules: [{ name: "R", programs: ["curl", "wget"] }],
    verdict: "deny",
  });
  const wget: RecordChanges = { file: { path: "/usr/bin/wget", inode: 9n } };
  take({});
  answers.length = 0;
  take(wget);
  t.strictSame(answers, [[100, "deny"]]);
  t.equal(outputs().length, 2, "told again");
  t.equal(events[1]?.process.exepath, "/usr/bin/wget", "not taken for the loader of the first");
  t.end();
});

const identities: readonly [
  name: string,
  prepare: (places: Places) => void,
  record: RecordChanges,
  name: string | undefined,
][] = [
  ["the device names the container", () => undefined, {}, "web"],
  [
    "a number that is another's root by now names that one",
    (places) => {
      places.addRoot({ device: 42, generation: 2 }, "/d/merged");
    },
    { generation: 2 },
    "db",
  ],
  [
    "an exec of the number's old life is not put down to the new owner",
    (places) => {
      places.addRoot({ device: 42, generation: 2 }, "/d/merged");
    },
    { generation: 1, cgroup: `0::/docker/${web.id}\n` },
    "web",
  ],
  [
    "on a volume the cgroup names it",
    () => undefined,
    { generation: 0, file: { device: 9 }, cgroup: `0::/docker/${db.id}\n` },
    "db",
  ],
  ["a process of the host's on a volume", () => undefined, { generation: 0 }, undefined],
];

for (const [name, prepare, record, expected] of identities) {
  t.test(`whose exec it is: ${name}`, (t) => {
    const { take, places, events } = setUp();
    prepare(places);
    take(record);
    t.equal(events.length, 1);
    t.equal(events[0]?.container?.name, expected);
    t.end();
  });
}

t.test("a root whose container is not known yet: its first exec waits to be told", (t) => {
  const { take, sweep, answers, places, events } = setUp({ containers: [db] });
  take({});
  sweep(10);
  t.strictSame(answers, []);
  places.setContainer(web);
  sweep(20);
  t.strictSame(answers, [[100, "allow"]]);
  t.equal(events[0]?.container?.name, "web");
  t.end();
});

for (const [name, changes] of [
  ["its status could not be read", { status: "" }],
  ["its stat could not be read", { stat: "" }],
] as const) {
  t.test(`a process that is gone is answered, and nothing else (${name})`, (t) => {
    const { take, answers, events, pipeline } = setUp({ rules: [webFetch], verdict: "deny" });
    take(changes);
    t.strictSame(answers, [[100, "allow"]]);
    t.strictSame(events, []);
    t.match(pipeline.counters(), { judged: 0, processGone: 1, waiting: 0 });
    t.end();
  });
}

t.test("an argv that could not be read is counted and said", (t) => {
  const { take, pipeline, events } = setUp();
  take({ isArgvKnown: false, argv: [] }, byThread(101));
  t.match(pipeline.counters(), { argvUnknown: 1, judged: 2 });
  t.strictSame(
    events.map(({ isArgvKnown }) => isArgvKnown),
    [false, true],
  );
  t.strictSame(
    events.map(({ number }) => number),
    [1, 2],
  );
  t.end();
});

t.test("beyond the execs that may wait the next one is judged with what is known", (t) => {
  const { pipeline, answers } = setUp({ isSettled: false });
  const first: GateRecord = gateRecord({ isHeld: true });
  for (let tid = 1; tid <= 8_192; tid++) pipeline.take({ ...first, tid });
  t.match(pipeline.counters(), { waiting: 8_192, judged: 0 });
  pipeline.take({ ...first, tid: 9_000 });
  t.strictSame(answers, [[9_000, "allow"]]);
  t.end();
});

t.test("of a flood one alert is told, and what it came to when it is over", (t) => {
  const { take, sweep, outputs, answers, drafts } = setUp({
    ...{ rules: [webFetch, { name: "Shell", programs: ["sh"] }], verdict: "deny", burst: 5 },
  });
  const run = (path: string, from: number, to: number): void => {
    for (let tid = from; tid < to; tid++) take(byThread(tid, { file: { path } }));
  };
  run("/usr/bin/curl", 100, 110);
  run("/bin/sh", 110, 111);
  run("/tmp/curl", 111, 112);
  t.strictSame(
    answers.map(([, verdict]) => verdict),
    Array.from({ length: 12 }, () => "deny"),
    "each is refused all the same",
  );
  const curl = "Web Fetch: curl in web";
  t.strictSame(outputs(), [
    ...[curl, curl, curl, curl],
    "Exec flood in a container: repeats of its alerts are counted until it ends (container=web execs_per_second=1 burst=5)",
    curl,
    ...["Shell: curl in web", curl],
  ]);
  sweep(1_000);
  t.equal(outputs().length, 8);
  sweep(2_500);
  t.equal(
    outputs()[8],
    "Exec flood in a container is over (container=web execs=8 seconds=3 suppressed=5 rules=Web Fetch: 5)",
  );
  t.match(drafts[8]?.alert, {
    ...{ rule: "Exec Flood in Container Ended", source: "execwarden", priority: "Notice" },
    fields: { "container.name": "web", "execwarden.suppressed": 5 },
  });
  t.end();
});

for (const [name, planned, told] of [
  ["a kill of the process is done each time, and told as a repeat", "kill-process", "repeats"],
  ["what is done to the container is told each time", "pause", "all"],
] as const) {
  t.test(`in a flood ${name}`, (t) => {
    const action = { action: { kind: planned }, policyName: "P", status: "do" } as const;
    const { take, drafts } = setUp({ rules: [webFetch], burst: 2, actions: [action] });
    for (let tid = 100; tid < 106; tid++) take(byThread(tid));
    const own = drafts.filter(({ alert }) => alert.rule === "Web Fetch");
    t.equal(own.length, 6, "each is handed on");
    t.ok(own.every((draft) => draft.planned.length === 1));
    t.equal(own.filter(({ isRepeat }) => isRepeat === true).length, told === "all" ? 0 : 4);
    t.end();
  });
}

for (const undecided of ["allow", "deny"] as const) {
  t.test(`too many waited, and the kernel was told to ${undecided}: it is judged and said`, (t) => {
    const { take, drafts, answers, events } = setUp({ rules: [webFetch], verdict: "deny" });
    take({ isHeld: false, undecided });
    t.strictSame(answers, [], "it has its answer");
    t.match(drafts, [{ alert: { verdict: undecided, isHeld: true } }]);
    const [outcome] = drafts[0]?.alert.outcomes ?? [];
    t.equal(outcome?.status, undecided === "deny" ? "done" : "failed");
    t.match(outcome?.detail ?? "", undecided === "deny" ? "" : /too many execs were waiting/);
    t.equal(events[0]?.isHeld, true);
    t.end();
  });
}
