// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { ArgvCheck } from "../../daemon/tracer/argv-check.ts";

/** /proc/PID/stat with this start time (field 22) and place of the arguments (48 and 49). */
function stat(startTicks: number, from: number, to: number): string {
  const fields = Array.from({ length: 50 }, () => "0");
  fields[0] = "S";
  fields[19] = String(startTicks);
  fields[45] = String(from);
  fields[46] = String(to);
  return `10 (a) b) ${fields.join(" ")}`;
}

const before = stat(5, 100, 103);
const gone = { stat: "", argv: "" };
const exec = {
  pid: 10,
  timeMs: 1_000,
  stat: before,
  argv: ["a", "b"],
  isScript: false,
  subject: "s",
};

t.test("what is found at the first look", (t) => {
  const rows = [
    ["the same", { stat: stat(5, 900, 904), argv: "a\0b\0" }, "same"],
    ["gone", gone, "gone"],
    ["another process by now", { stat: stat(6, 900, 904), argv: "a\0b\0" }, "gone"],
  ] as const;
  for (const [name, now, counter] of rows) {
    const check = new ArgvCheck<string>(() => now);
    check.add(exec, 0);
    t.strictSame(check.turn(1), [], "not yet");
    t.strictSame(check.turn(2), []);
    t.match(check.counters(), { [counter]: 1 }, name);
    t.equal(check.waiting, 0);
  }
  t.end();
});

t.test("what differs is told when nothing newer has come", (t) => {
  const check = new ArgvCheck<string>(() => ({ stat: stat(5, 900, 904), argv: "a\0c\0" }));
  check.add(exec, 0);
  check.update(10, "more");
  t.strictSame(check.turn(2), []);
  t.equal(check.waiting, 1);
  t.strictSame(check.turn(102), [{ verdict: "changed", argv: ["a", "c"], subject: "more" }]);
  t.match(check.counters(), { changed: 1, same: 0 });
  check.add(exec, 200);
  check.turn(202);
  check.add(exec, 203);
  t.match(check.counters(), { changed: 1, gone: 1 }, "a newer exec makes the finding void");
  t.end();
});

t.test("a later exec that only audit has seen makes it void", (t) => {
  const memory = ["memfd", "payload"];
  const now = { stat: stat(5, 900, 914), argv: "memfd\0payload\0" };
  const changed = [{ verdict: "changed", argv: memory, subject: "s" }];
  const rows = [
    ["later by the clock", { timeMs: 1_001, argv: ["other"] }, []],
    ["later by the clock, arguments unknown", { timeMs: 1_001 }, []],
    ["at the same time, and what runs now", { timeMs: 1_000, argv: memory }, []],
    ["at the same time, and not what runs now", { timeMs: 1_000, argv: ["other"] }, changed],
    ["before", { timeMs: 980, argv: memory }, changed],
    ["of another process", { timeMs: 1_001, pid: 11 }, changed],
  ] as const;
  for (const [name, later, findings] of rows) {
    for (const when of ["first", "before the look", "after the look"]) {
      const check = new ArgvCheck<string>(() => now);
      if (when === "first") check.executed({ pid: 10, ...later });
      check.add(exec, 0);
      if (when === "before the look") check.executed({ pid: 10, ...later });
      check.turn(2);
      if (when === "after the look") check.executed({ pid: 10, ...later });
      t.strictSame(check.turn(102), findings, `${name}, told ${when}`);
      t.match(check.counters(), findings.length === 0 ? { gone: 1 } : { changed: 1 }, name);
      t.equal(check.waiting, 0);
    }
  }
  t.end();
});

t.test("an exec that does not happen is given up", (t) => {
  const check = new ArgvCheck<string>(() => ({ stat: before, argv: "x\0" }));
  check.add(exec, 0);
  for (let nowMs = 0; nowMs < 5_000; nowMs += 10) t.strictSame(check.turn(nowMs), []);
  t.match(check.counters(), { unresolved: 1 });
  t.equal(check.waiting, 0);
  t.end();
});

t.test("room is bounded, turns are short, and nothing goes uncounted", (t) => {
  const check = new ArgvCheck<string>(() => gone);
  for (let pid = 1; pid <= 5_000; pid += 1) check.add({ ...exec, pid }, 0);
  check.add({ ...exec, pid: 6_000, stat: "no stat" }, 0);
  t.equal(check.waiting, 4_096);
  t.match(check.counters(), { dropped: 905 });
  check.turn(10);
  t.match(check.counters(), { gone: 16 });
  while (check.waiting > 0) check.turn(10);
  t.match(check.counters(), { gone: 4_096, dropped: 905 });
  t.end();
});
