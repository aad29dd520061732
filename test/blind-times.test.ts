// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { blindBefore, BlindTimes, type Sight } from "../daemon/blind-times.ts";

const clear: Sight = {
  ...{
    execsLost: 0,
    execsUnread: 0,
    rootsUnmarked: 0,
    engineEventsLost: 0,
    isEngineConnected: true,
  },
};

/** Looks once a second, at what the test says. */
function watch(): { readonly times: BlindTimes; readonly see: (sight: Partial<Sight>) => void } {
  let nowMs = 0;
  let now = clear;
  const times = new BlindTimes({ nowMs: () => nowMs }, () => now);
  return {
    times,
    see(sight) {
      nowMs += 1000;
      now = { ...now, ...sight };
      times.look();
    },
  };
}

t.test("a counter that grows is a time, from the look before", (t) => {
  const { times, see } = watch();
  see({});
  see({});
  t.strictSame(times.list(), []);
  see({ execsLost: 7 });
  see({});
  t.strictSame(times.list(), [
    { what: "execs", fromMs: 2000, toMs: 3000, reason: "execs came faster than they were taken" },
  ]);
  t.end();
});

t.test("times of one reason that follow closely are one; others are not", (t) => {
  const { times, see } = watch();
  see({});
  for (let lost = 1; lost <= 3; lost++) see({ execsLost: lost });
  for (let second = 0; second < 4; second++) see({});
  see({ execsLost: 9, engineEventsLost: 1 });
  t.match(times.list(), [
    { what: "execs", fromMs: 1000, toMs: 9000 },
    { what: "engine", fromMs: 8000, toMs: 9000 },
  ]);
  for (let second = 0; second < 6; second++) see({});
  see({ engineEventsLost: 2 });
  t.equal(times.list().length, 3);
  t.end();
});

t.test("an engine that is away is told as long as it lasts, and then what was missed", (t) => {
  const { times, see } = watch();
  see({});
  see({ isEngineConnected: false });
  see({});
  t.strictSame(times.list(), [{ what: "engine", fromMs: 2000, reason: "the engine is away" }]);
  see({ isEngineConnected: true });
  t.strictSame(times.list(), [], "it told what happened meanwhile");
  see({ engineBlind: { fromMs: 1500, toMs: 2500 } });
  see({});
  t.match(times.list(), [{ what: "engine", fromMs: 1500, toMs: 2500, reason: /had forgotten/ }]);
  t.equal(times.list().length, 1, "once");
  t.end();
});

t.test("no more than the last ones are kept", (t) => {
  const { times } = watch();
  for (let at = 0; at < 100; at++)
    times.add({ what: "execs", fromMs: at, toMs: at, reason: `${at}` });
  t.equal(times.list().length, 16);
  t.match(times.list().at(-1), { reason: "99" });
  t.end();
});

const ends = [
  { name: "a stop", isStopped: true, bootId: "b", reason: "the daemon was stopped" },
  { name: "a crash", isStopped: false, bootId: "b", reason: "the daemon ended suddenly" },
  {
    name: "a power cut",
    isStopped: false,
    bootId: "a",
    reason: "the daemon ended suddenly, and the host was started anew",
  },
];
t.test("where the gate was kept, less went unseen", (t) => {
  const now = { bootId: "b", atMs: 9, isTakenOver: true };
  t.match(blindBefore({ bootId: "b", beatMs: 5, isStopped: false }, now), {
    reason: "the daemon ended suddenly; only containers that were started then went unseen",
  });
  t.end();
});

for (const { name, isStopped, bootId, reason } of ends) {
  t.test(`the time since ${name}`, (t) => {
    const now = { bootId: "b", atMs: 9, isTakenOver: false };
    t.strictSame(blindBefore({ bootId, beatMs: 5, isStopped }, now), {
      ...{ what: "execs", fromMs: 5, toMs: 9, reason },
    });
    t.match(blindBefore({ bootId, beatMs: 50, isStopped }, now), {
      fromMs: 9,
      toMs: 9,
    });
    t.end();
  });
}

t.test(
  "each time is told when it begins, and a clock that is set back makes none negative",
  (t) => {
    let nowMs = 10_000;
    let execsUnread = 0;
    const told: string[] = [];
    const times = new BlindTimes(
      { nowMs: () => nowMs },
      () => ({ ...clear, execsUnread }),
      ({ reason }) => told.push(reason),
    );
    for (const atMs of [10_000, 11_000, 5_000]) {
      nowMs = atMs;
      times.look();
      execsUnread += 1;
    }
    t.ok(times.list().every(({ fromMs, toMs }) => toMs !== undefined && fromMs <= toMs));
    t.match(told, ["no descriptor was left: the kernel refused execs, unjudged"]);
    t.equal(told.length, times.list().length);
    t.end();
  },
);
