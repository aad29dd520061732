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
const exec = { pid: 10, stat: before, argv: ["a", "b"], isScript: false, subject: "s" };

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
