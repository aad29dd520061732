// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { ExecBudget } from "../../daemon/guard/exec-budget.ts";
import type { Container } from "../../daemon/model/container.ts";
import { container, hex64 } from "../policy/samples.ts";

const web = container({ id: hex64("a"), name: "web" });
const db = container({ id: hex64("b"), name: "db" });
const settings = { execsPerSecond: 10, burst: 100 };

/** So many execs of a container at one moment; how many floods began with them. */
function run(
  budget: ExecBudget,
  count: number,
  { nowMs = 0, of = web }: { readonly nowMs?: number; readonly of?: Container } = {},
): number {
  let began = 0;
  for (let i = 0; i < count; i++) if (budget.count(of, nowMs) !== undefined) began += 1;
  return began;
}

const rows: readonly (readonly [
  name: string,
  /** Execs, and the millisecond at which they come. */
  bursts: readonly (readonly [execs: number, atMs: number])[],
  floods: number,
])[] = [
  ["the burst is no flood", [[99, 0]], 0],
  ["one more than it is one flood, however many follow", [[5_000, 0]], 1],
  [
    "what is slow for ever is none",
    Array.from({ length: 1_000 }, (_, second) => [10, second * 1_000] as const),
    0,
  ],
  [
    "a little faster is one in the end",
    Array.from({ length: 1_000 }, (_, second) => [11, second * 1_000] as const),
    1,
  ],
  [
    "a clock that stands still fills nothing",
    [
      [99, 5],
      [1, 5],
    ],
    1,
  ],
  [
    "times that go backwards fill nothing",
    [
      [99, 5_000],
      [1, 0],
      [0, 0],
    ],
    1,
  ],
];
for (const [name, bursts, floods] of rows) {
  t.test(name, (t) => {
    const budget = new ExecBudget(settings);
    let began = 0;
    for (const [execs, atMs] of bursts) began += run(budget, execs, { nowMs: atMs });
    t.equal(began, floods);
    t.equal(budget.counters().floods, floods);
    t.end();
  });
}

t.test("one container's flood leaves the others their budget", (t) => {
  const budget = new ExecBudget(settings);
  run(budget, 1_000);
  t.equal(run(budget, 99, { of: db }), 0);
  t.match(budget.counters(), { floods: 1, active: [{ container: "web", execs: 901 }] });
  t.end();
});

t.test("what repeats during a flood is counted; what is new is not", (t) => {
  const budget = new ExecBudget(settings);
  const repeats = (rule: string, program: string, atMs = 0): boolean =>
    budget.isRepeat({ containerId: web.id, rule, program }, atMs);
  t.notOk(repeats("A", "/bin/true"), "no flood");
  t.notOk(repeats("A", "/bin/true"), "then nothing is a repeat");
  run(budget, 100);
  t.notOk(repeats("A", "/bin/true"), "the first of a rule");
  t.ok(repeats("A", "/bin/true"));
  t.notOk(repeats("A", "/usr/bin/curl"), "another program");
  t.ok(repeats("A", "/usr/bin/curl"));
  t.notOk(repeats("B", "/bin/true"), "another rule");
  const elsewhere = { containerId: db.id, rule: "A", program: "/bin/true" };
  t.notOk(budget.isRepeat(elsewhere, 0), "another container");
  t.ok(repeats("A", "/bin/true", 59_999));
  t.notOk(repeats("A", "/bin/true", 60_000), "once a minute it is told again");
  t.match(budget.counters(), { suppressed: 3, active: [{ suppressed: 3 }] });
  t.end();
});

t.test("of very many programs the first 256 or so are told, and each rule's first", (t) => {
  const budget = new ExecBudget(settings);
  run(budget, 100);
  let told = 0;
  for (let i = 0; i < 10_000; i++) {
    const program = `/tmp/${i}`;
    if (!budget.isRepeat({ containerId: web.id, rule: "A", program }, 0)) told += 1;
  }
  t.ok(told >= 250 && told <= 256, `${told} told`);
  t.notOk(budget.isRepeat({ containerId: web.id, rule: "Needle", program: "/tmp/1" }, 0));
  t.ok(budget.isRepeat({ containerId: web.id, rule: "Needle", program: "/tmp/1" }, 0));
  t.equal(budget.counters().suppressed, 10_000 - told + 1);
  t.end();
});

t.test("a flood is over when half of the budget is there again, and is given once", (t) => {
  const budget = new ExecBudget(settings);
  run(budget, 150);
  const identity = { containerId: web.id, rule: "A", program: "/bin/true" };
  for (let i = 0; i < 11; i++) budget.isRepeat(identity, 0);
  t.strictSame(budget.sweep(4_999), []);
  t.match(budget.sweep(5_000), [
    { container: { name: "web" }, sinceMs: 0, execs: 51, suppressed: 10 },
  ]);
  t.strictSame(budget.sweep(6_000), []);
  t.notOk(budget.isRepeat(identity, 6_000), "alerts are told again, each");
  t.notOk(budget.isRepeat(identity, 6_000));
  t.strictSame(budget.counters(), { floods: 1, suppressed: 10, active: [] });
  t.end();
});

t.test("0 is no bound, and ends a flood that lasts", (t) => {
  const budget = new ExecBudget(settings);
  run(budget, 150);
  budget.configure({ execsPerSecond: 0, burst: 100 });
  t.equal(budget.sweep(0).length, 1);
  t.equal(run(budget, 1_000), 0);
  t.end();
});

t.test("however many containers there are, memory is bounded, and no flood is forgotten", (t) => {
  const budget = new ExecBudget(settings);
  run(budget, 200);
  let began = 0;
  for (let i = 0; i < 5_000; i++) {
    began += run(budget, 150, { nowMs: 1, of: container({ id: `id ${i}`, name: `c${i}` }) });
  }
  t.equal(began, 5_000);
  const { active, floods } = budget.counters();
  t.equal(floods, 5_001);
  t.ok(active.length <= 4_096, `${active.length} remembered`);
  t.equal(budget.sweep(1).length + active.length, floods, "each is given when it is given up");
  t.end();
});
