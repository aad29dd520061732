// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { createFailureAlerts } from "../daemon/failure-alert.ts";
import type { Alert, Outcome } from "../daemon/model/alert.ts";
import { sampleAlert } from "./outputs/fixtures/alert.ts";

const failed: Outcome = { action: { kind: "pause" }, status: "failed", detail: "no engine" };

function setUp() {
  let nowMs = 0;
  let count = 0;
  const failures = createFailureAlerts({
    nowMs: () => nowMs,
    newUuid: () => `f${(count += 1)}`,
  });
  return {
    failures,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

function alertWith(...outcomes: readonly Outcome[]): Alert {
  return sampleAlert({ uuid: "a", outcomes });
}

t.test("each action that failed is an alert, with its place and no actions", (t) => {
  const { failures } = setUp();
  const stopped: Outcome = { action: { kind: "stop" }, status: "failed" };
  const done: Outcome = { action: { kind: "notify", outputs: [] }, status: "done" };
  const told = failures.of(alertWith(failed, done, stopped));
  t.match(told, [
    {
      ...{ uuid: "f1", rule: "Action of a Policy Failed", priority: "Error", source: "execwarden" },
      fields: { "execwarden.alert": "a", "execwarden.detail": "no engine" },
      container: sampleAlert().container,
    },
    { uuid: "f2", fields: { "execwarden.action": "stop" } },
  ]);
  t.strictSame(
    told.flatMap((alert) => failures.of(alert)),
    [],
    "which leads to no further one",
  );
  t.strictSame(failures.of(alertWith(done)), []);
  t.end();
});

t.test("repeats are counted for a minute, and told with the next", (t) => {
  const { failures, pass } = setUp();
  t.equal(failures.of(alertWith(failed)).length, 1);
  for (let i = 0; i < 3; i++) t.equal(failures.of(alertWith(failed)).length, 0);
  const other = { ...alertWith(failed), container: undefined as never };
  t.equal(failures.of(other).length, 1, "another container's is another");
  pass(60_000);
  t.match(failures.of(alertWith(failed)), [{ fields: { "execwarden.repeats": 3 } }]);
  pass(60_000);
  t.match(failures.of(alertWith(failed)), [{ fields: { "execwarden.repeats": 0 } }]);
  t.end();
});
