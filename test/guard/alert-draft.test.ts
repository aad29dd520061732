// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { Outcome } from "../../daemon/model/alert.ts";
import { draftAlert, type DraftInput } from "../../daemon/guard/alert-draft.ts";
import type { MatchDecision, PlannedAction } from "../../daemon/model/decision.ts";
import type { Process } from "../../daemon/model/process.ts";
import { container, execEvent, hex64, host, image, rule } from "../policy/samples.ts";
import { sampleEvent, sampleProcess } from "../rules/sample-event.ts";

const deny: PlannedAction = { action: { kind: "deny" }, policyName: "P", status: "do" };
const pause: PlannedAction = { action: { kind: "pause" }, policyName: "P", status: "do" };
const wouldDeny: PlannedAction = { ...deny, status: "would-do" };
const lateDeny: PlannedAction = { ...deny, status: "not-possible", detail: "runs already" };

/** The draft of one match with these actions. */
function draft(actions: readonly PlannedAction[], changes: Partial<DraftInput> = {}) {
  const match: MatchDecision = {
    rule: rule(),
    policies: [{ name: "P", severity: "high", mode: "enforce" }],
    actions,
  };
  const formatted = { output: "told", fields: { "proc.name": "curl" } };
  return draftAlert({ event: sampleEvent(), verdict: "allow", match, formatted, ...changes });
}

t.test("the rule, the policy, the place and the process are all told", (t) => {
  const event = sampleEvent({ event: { isHeld: true } });
  const { alert, pid, startTicks } = draft([deny], { event, verdict: "deny" });
  t.match(alert, {
    ...{ rule: "Run Web Fetch Program in Container", priority: "Informational" },
    ...{ tags: ["container"], source: "syscall", description: "", output: "told" },
    ...{ timeNs: event.timeNs, isHeld: true, verdict: "deny", host: event.host },
    policies: [{ name: "P", severity: "high", mode: "enforce" }],
    process: {
      ...{ pid: 100, vpid: 10, name: "curl", exepath: "/usr/bin/curl", cwd: "/work" },
      ...{ cmdline: "curl https://example.com", tty: 0, uid: 0, gid: 0 },
    },
    container: { name: "quirky_curie" },
  });
  t.match(alert.uuid, /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
  t.not(alert.uuid, draft([deny]).alert.uuid);
  t.equal(pid, 100);
  t.equal(startTicks, 5n);
  t.end();
});

const outcomes: readonly [
  name: string,
  actions: readonly PlannedAction[],
  overruled: string | undefined,
  outcomes: readonly Partial<Outcome>[],
][] = [
  ["nothing planned", [], undefined, []],
  ["a deny that the kernel got", [deny], undefined, [{ status: "done" }]],
  [
    "a deny that the kernel did not get says why",
    [deny],
    "too late",
    [{ status: "failed", detail: "too late" }],
  ],
  ["a deny in monitor mode", [wouldDeny], undefined, [{ status: "would-do" }]],
  [
    "a deny that is not possible says why",
    [lateDeny],
    undefined,
    [{ status: "not-possible", detail: "runs already" }],
  ],
  [
    "a deny of another policy that was not to be done has not failed",
    [deny, wouldDeny],
    "too late",
    [{ status: "failed", detail: "too late" }, { status: "would-do" }],
  ],
];

for (const [name, actions, overruled, expected] of outcomes) {
  t.test(`what came of it: ${name}`, (t) => {
    const { alert } = draft(actions, overruled === undefined ? {} : { overruled });
    t.strictSame(
      alert.outcomes,
      expected.map((outcome) => ({ action: { kind: "deny" }, ...outcome })),
    );
    t.end();
  });
}

for (const verdict of ["allow", "deny"] as const) {
  t.test(`the alert says ${verdict} when the kernel was told so, whatever was wanted`, (t) => {
    t.equal(draft([deny], { verdict }).alert.verdict, verdict);
    t.equal(draft([], { verdict }).alert.verdict, verdict);
    t.end();
  });
}

t.test("the actions that remain are planned still, the deny is not", (t) => {
  const wouldPause: PlannedAction = { ...pause, status: "would-do" };
  t.strictSame(draft([pause, deny, wouldPause, wouldDeny]).planned, [pause, wouldPause]);
  t.end();
});

t.test("fields that every alert carries stand beside those of the output, which win", (t) => {
  const formatted = { output: "", fields: { "container.name": "mine", "evt.num": 1 } };
  t.strictSame(draft([], { formatted }).alert.fields, {
    ...{ "container.id": "cccccccccccc", "container.name": "mine", "evt.num": 1 },
    "container.image.repository": "byrnedo/alpine-curl",
    "container.image.tag": "latest",
    ...{ "k8s.ns.name": null, "k8s.pod.name": null },
  });
  const pod = { namespace: "shop", pod: "web-1" };
  const inPod = container({
    id: hex64("d"),
    kubernetes: pod,
    image: image("alpine@sha256:" + hex64("1")),
  });
  t.match(draft([], { event: execEvent({ container: inPod }) }).alert.fields, {
    ...{ "container.id": "d00000000000", "container.image.tag": null },
    ...{ "k8s.ns.name": "shop", "k8s.pod.name": "web-1" },
  });
  t.end();
});

t.test("on the host there is no container, and the id says so", (t) => {
  const { alert } = draft([], { event: sampleEvent({ isOnHost: true }) });
  t.notOk("container" in alert);
  t.strictSame(alert.fields, { "container.id": "host", "proc.name": "curl" });
  t.end();
});

t.test("texts are decoded, and what is not known is absent", (t) => {
  const names = { userName: "j\xc3\xb6rg", groupName: "users", loginName: "root", loginuid: 0 };
  const argv = ["/bin/caf\xc3\xa9", "\xff"];
  const told = draft([], {
    event: sampleEvent({ process: { ...names, argv, comm: "caf\xc3\xa9" } }),
  });
  t.match(told.alert.process, {
    ...{ user: "jörg", group: "users", loginUser: "root", loginuid: 0 },
    ...{ name: "café", cmdline: "/bin/café \ufffd" },
  });
  const { alert } = draft([], { event: execEvent({ host }) });
  for (const name of ["user", "group", "loginUser", "loginuid", "cwd"]) {
    t.notOk(name in (alert.process ?? { [name]: 1 }), name);
  }
  t.end();
});

t.test("a very long command line is cut", (t) => {
  const { alert } = draft([], { event: sampleEvent({ process: { argv: ["x".repeat(9_000)] } }) });
  t.equal(alert.process?.cmdline.length, 4_096);
  t.end();
});

/** A process and the ones above it, from what each is in its own namespace. */
function chain(vpids: readonly number[]): Process {
  const [vpid = 0, ...rest] = vpids;
  const parent = rest.length === 0 ? {} : { parent: chain(rest) };
  return sampleProcess({ pid: 1_000 + vpids.length, vpid, ...parent });
}

const ancestries: readonly [name: string, process: Process, vpids: readonly number[]][] = [
  ["parent first, up to the container's init", chain([9, 5, 3, 1, 77, 1]), [5, 3, 1]],
  ["the container's init has none", chain([1, 77]), []],
  [
    "the first parent is told also when it is outside (runc)",
    { ...chain([9]), parent: { ...chain([5, 1]), vpid: 1_002 } },
    [1_002],
  ],
  ["nobody is known above", chain([9]), []],
  ["no more than 16", chain(Array.from({ length: 40 }, (_, index) => 100 - index)), upTo16()],
];

function upTo16(): readonly number[] {
  return Array.from({ length: 16 }, (_, index) => 99 - index);
}

for (const [name, process, vpids] of ancestries) {
  t.test(`ancestors: ${name}`, (t) => {
    const { alert } = draft([], { event: execEvent({ process }) });
    t.strictSame(
      alert.ancestors.map(({ vpid }) => vpid),
      vpids,
    );
    t.end();
  });
}
