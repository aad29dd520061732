// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { EnforcementSwitch, type EnforcementChange } from "../daemon/enforcement.ts";
import { enforcementAlert } from "../daemon/enforcement-alert.ts";
import { host } from "./policy/samples.ts";
import { createRecordingLog } from "./support/recording-log.ts";
import { until } from "./support/until.ts";

function setUp() {
  const wall = { ms: 1_000 };
  const applied: (string | undefined)[] = [];
  const changes: EnforcementChange[] = [];
  const enforcement = new EnforcementSwitch({
    apply: (text) => Promise.resolve(applied.push(text)),
    clock: { nowMs: () => wall.ms, nowNs: () => 0n, monotonicMs: () => performance.now() },
    log: createRecordingLog().log,
    onChange: (change) => changes.push(change),
  });
  return { wall, applied, changes, enforcement };
}

t.test(
  "a clock that is set, to and fro, neither ends a pause nor keeps it from ending",
  async (t) => {
    for (const jumpMs of [86_400_000, -86_400_000]) {
      const { wall, applied, changes, enforcement } = setUp();
      await enforcement.pause({ forMs: 50, by: "alice", reason: "ticket" });
      wall.ms += jumpMs;
      t.equal(enforcement.state.isPaused, true);
      await until(() => !enforcement.state.isPaused, 60_000);
      t.match(applied, [/^enforcement is paused by alice until .*: ticket$/, undefined]);
      t.match(changes, [
        { by: "alice", state: { isPaused: true, untilMs: 1_050, reason: "ticket" } },
        { by: "the end of its time", state: { isPaused: false } },
      ]);
    }
  },
);

t.test("who resumes what is not paused changes nothing, and tells nobody", async (t) => {
  const { applied, changes, enforcement } = setUp();
  await enforcement.resume("bob");
  t.strictSame([applied, changes], [[], []]);
});

t.test("each change is an alert that nothing can follow from", (t) => {
  const context = { uuid: "u", timeNs: 5n, host };
  const paused = enforcementAlert(
    { by: "alice", state: { isPaused: true, by: "alice", untilMs: 0, reason: "ticket" } },
    context,
  );
  t.match(paused, {
    ...{ uuid: "u", timeNs: 5n, host, rule: "Enforcement Paused", priority: "Notice" },
    ...{ source: "execwarden", policies: [], outcomes: [], verdict: "allow" },
    output: "Enforcement is paused (by=alice until=1970-01-01T00:00:00.000Z reason=ticket)",
    fields: { "execwarden.by": "alice", "execwarden.until": "1970-01-01T00:00:00.000Z" },
  });
  const resumed = enforcementAlert({ by: "bob", state: { isPaused: false } }, context);
  t.match(resumed, { rule: "Enforcement Resumed", output: "Enforcement is resumed (by=bob)" });
  t.strictSame(resumed.fields, { "execwarden.by": "bob" });
  t.end();
});
