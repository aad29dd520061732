// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { AlertWait } from "../../daemon/guard/alert-wait.ts";

const startMs = 5_000;

const rows: readonly {
  readonly name: string;
  readonly answeredMs?: number;
  readonly execMs: number;
  readonly untilMs: number;
}[] = [
  { name: "no answer yet: a minute from the start", execMs: 6_000, untilMs: 65_000 },
  { name: "no answer, late: ten seconds", execMs: 60_000, untilMs: 70_000 },
  { name: "no answer for long", execMs: 100_000, untilMs: 110_000 },
  { name: "before the answer", answeredMs: 20_000, execMs: 6_000, untilMs: 30_000 },
  { name: "after the answer", answeredMs: 20_000, execMs: 21_000, untilMs: 31_000 },
  { name: "an answer after the minute", answeredMs: 90_000, execMs: 6_000, untilMs: 75_000 },
];

for (const { name, answeredMs, execMs, untilMs } of rows) {
  t.test(name, (t) => {
    const wait = new AlertWait(startMs);
    if (answeredMs !== undefined) wait.engineAnswered(answeredMs);
    t.equal(wait.untilMs(execMs, "c"), untilMs);
    wait.setForeign("c");
    t.equal(wait.untilMs(execMs, "c"), execMs, "not for a container of another engine");
    t.end();
  });
}

t.test("the first answer is awaited for a minute, and no second one", (t) => {
  const wait = new AlertWait(startMs);
  t.equal(wait.isEngineAwaited(startMs + 59_999), true);
  t.equal(wait.isEngineAwaited(startMs + 60_000), false);
  wait.engineAnswered(startMs + 1);
  wait.engineAnswered(startMs + 50_000);
  t.equal(wait.isEngineAwaited(startMs + 2), false);
  t.equal(wait.untilMs(startMs, undefined), startMs + 1 + 10_000);
  t.end();
});
