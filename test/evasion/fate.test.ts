// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { fateOf, type Seen, type Sight } from "./fate.ts";

const denied = { verdict: "deny", outcomes: [{ action: "deny", status: "done" }] };
const told = { verdict: "allow", outcomes: [] };
const killed = { verdict: "allow", outcomes: [{ action: "kill-process", status: "done" }] };
const gone = {
  verdict: "allow",
  outcomes: [{ action: "kill-process", status: "done", detail: "already gone" }],
};
const failed = { verdict: "allow", outcomes: [{ action: "kill-process", status: "failed" }] };
const ran = { hasRun: true };
const sound = { hasRun: false, hasSurvived: false, isAttackSound: true, isNamedRight: true };

const rows: readonly (readonly [string, Partial<Sight>, Seen])[] = [
  ["runs and nobody tells", ran, "out of reach"],
  ["nobody tells, and it did not run", {}, "did not work"],
  ["refused", { alert: denied }, "denied"],
  ["refused, and it ran", { alert: denied, ...ran }, "ran, though told as denied"],
  ["refused, but it never works", { alert: denied, isAttackSound: false }, "did not work"],
  [
    "killed, but it has not shown what it always shows",
    { alert: killed, isAttackSound: false },
    "did not work",
  ],
  ["told", { alert: told, ...ran }, "detected"],
  ["told, and it did not run", { alert: told }, "did not work"],
  ["told of another container", { alert: denied, isNamedRight: false }, "told of another"],
  ["killed", { alert: killed, ...ran }, "detected and killed"],
  ["killed before it could show anything", { alert: killed }, "detected and killed"],
  ["killed, and it came to its end", { alert: killed, ...ran, hasSurvived: true }, "detected"],
  ["ended before it was killed", { alert: gone, ...ran }, "detected"],
  ["not killed", { alert: failed, ...ran }, "detected"],
  ["not killed, and it did not run", { alert: failed }, "did not work"],
];

t.test("what is seen of an attempt says what became of it", (t) => {
  for (const [name, sight, seen] of rows) t.equal(fateOf({ ...sound, ...sight }), seen, name);
  t.end();
});
