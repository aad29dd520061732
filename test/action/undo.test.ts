// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { createUndo } from "../../daemon/action/undo.ts";
import type { Action, Outcome } from "../../daemon/model/alert.ts";
import type { Reconnection, RuntimeChange, RuntimeFailure } from "../../daemon/model/ports.ts";
import { err, ok, type Result } from "../../daemon/util/result.ts";
import { sampleAlert } from "../outputs/fixtures/alert.ts";

interface Setup {
  readonly unpause?: Result<RuntimeChange, RuntimeFailure>;
  readonly reconnect?: Result<Reconnection, RuntimeFailure>;
}

const web = { name: "web", endpoint: {} };
const paused: Outcome = { action: { kind: "pause" }, status: "done", undo: { kind: "unpause" } };
const disconnected: Outcome = {
  ...{ action: { kind: "disconnect" }, status: "done" },
  undo: { kind: "reconnect", networks: [web] },
};
const done = (action: Action): Outcome => ({ action, status: "done" });
const gone: RuntimeFailure = { kind: "gone", message: "no such container" };

function setUp({ unpause = ok("changed"), reconnect = ok({ change: "changed" }) }: Setup = {}) {
  const calls: string[] = [];
  const undo = createUndo({
    runtime: {
      unpause: () => {
        calls.push("unpause");
        return Promise.resolve(unpause);
      },
      reconnect: (_id, { name }) => {
        calls.push(`reconnect ${name}`);
        return Promise.resolve(reconnect);
      },
    },
    actions: { inLane: ({ work }) => work(1_000) },
    recent: (uuid) =>
      uuid === "recent" ? sampleAlert({ uuid, outcomes: [done({ kind: "deny" })] }) : undefined,
    alertsMax: 2,
  });
  return { calls, undo };
}

const rows: readonly [name: string, outcome: Outcome, setup: Setup, told: string][] = [
  ["a pause", paused, {}, "undone"],
  [
    "a pause that somebody undid",
    paused,
    { unpause: ok("unchanged") },
    "unchanged: it was not paused any more",
  ],
  [
    "a container that is gone",
    paused,
    { unpause: err(gone) },
    "not-possible: the container is gone",
  ],
  [
    "an engine that refuses",
    paused,
    { unpause: err({ kind: "refused", message: "cannot unpause: no" }) },
    "failed: cannot unpause: no",
  ],
  ["networks", disconnected, {}, "undone: web"],
  [
    "a network that gives another address",
    disconnected,
    { reconnect: ok({ change: "changed", otherAddress: "in use" }) },
    "undone: web, with another address (in use)",
  ],
  [
    "networks that it is on already",
    disconnected,
    { reconnect: ok({ change: "unchanged" }) },
    "unchanged: web",
  ],
  ["a deny", done({ kind: "deny" }), {}, "not-possible: the program never ran: run it again"],
  [
    "a pause of what was paused",
    done({ kind: "pause" }),
    {},
    "nothing-to-undo: it was so before, and changed nothing",
  ],
  [
    "what was only looked at",
    { action: { kind: "stop" }, status: "would-do" },
    {},
    "nothing-to-undo: it was not done: the policy or the daemon is in monitor mode",
  ],
  [
    "what was gone already",
    { action: { kind: "stop" }, status: "done", detail: "already gone" },
    {},
    "nothing-to-undo: there was nothing left to act on",
  ],
];

for (const [name, outcome, setup, told] of rows) {
  t.test(`undo of ${name}`, async (t) => {
    const { undo } = setUp(setup);
    // Beside it stands something that makes the alert worth remembering.
    undo.remember(sampleAlert({ uuid: "a", outcomes: [outcome, paused] }));
    const [first] = (await undo.undo("a"))?.actions ?? [];
    t.equal(first?.action, outcome.action.kind);
    t.equal([first?.status, first?.detail].filter(Boolean).join(": "), told);
  });
}

t.test("the last action is undone first, and nothing is undone twice", async (t) => {
  const { calls, undo } = setUp();
  undo.remember(sampleAlert({ uuid: "a", outcomes: [paused, disconnected] }));
  const [first, second] = await Promise.all([undo.undo("a"), undo.undo("a")]);
  t.strictSame(calls, ["reconnect web", "unpause"]);
  t.match(first?.actions, [{ action: "pause", status: "undone" }, { status: "undone" }]);
  t.match(second?.actions, [{ status: "unchanged" }, { status: "unchanged" }]);
});

t.test("what failed can be tried again", async (t) => {
  const { calls, undo } = setUp({ unpause: err({ kind: "refused", message: "no" }) });
  undo.remember(sampleAlert({ uuid: "a", outcomes: [paused] }));
  await undo.undo("a");
  t.match(await undo.undo("a"), { actions: [{ status: "failed" }] });
  t.equal(calls.length, 2);
});

t.test(
  "the oldest alerts are forgotten; of recent ones it is told why there is no way back",
  async (t) => {
    const { undo } = setUp();
    for (const uuid of ["a", "b", "c"]) undo.remember(sampleAlert({ uuid, outcomes: [paused] }));
    undo.remember(sampleAlert({ uuid: "d", outcomes: [done({ kind: "deny" })] }));
    t.equal(await undo.undo("a"), undefined);
    t.match(await undo.undo("b"), { alert: "b" });
    t.equal(await undo.undo("d"), undefined, "nothing to remember");
    t.match(await undo.undo("recent"), { actions: [{ action: "deny", status: "not-possible" }] });
  },
);
