// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { describeService, ServiceStatus, type ServiceFacts } from "../daemon/service-status.ts";

const facts: ServiceFacts = {
  ...{ mode: "enforce", containers: 3, generation: 2, engineVersion: "28.0.1" },
  isReloadRefused: false,
};
const { engineVersion: _, ...engineless } = facts;

for (const [given, text] of [
  [facts, "guarding 3 containers in enforce mode; generation 2; engine 28.0.1"],
  [
    { ...engineless, containers: 1 },
    "guarding 1 container in enforce mode; generation 2; NO CONTAINER ENGINE: connecting until one answers",
  ],
  [
    { ...facts, pausedUntilMs: 0, isReloadRefused: true },
    "guarding 3 containers in enforce mode; generation 2; engine 28.0.1; ENFORCEMENT PAUSED until 1970-01-01T00:00:00.000Z; LAST RELOAD REFUSED: execwarden status says why, older files are in force",
  ],
  [
    { ...facts, engineVersion: "1\nREADY=1" },
    "guarding 3 containers in enforce mode; generation 2; engine 1?READY=1",
  ],
] as const) {
  t.test(text.slice(0, 80), (t) => {
    t.equal(describeService(given), text);
    t.end();
  });
}

t.test("each change is told once, and nothing is called ready before it is", (t) => {
  const told: string[] = [];
  let now: ServiceFacts = engineless;
  const status = new ServiceStatus({
    notify: (message) => told.push(message),
    facts: () => now,
    monotonicUs: () => 12_345n,
  });
  const since = (act: () => void): readonly string[] => {
    told.length = 0;
    act();
    return [...told];
  };
  const line = (given: ServiceFacts): string => `STATUS=${describeService(given)}`;
  const nothing = (): void => {
    status.reloading();
    status.reloaded();
    status.refresh();
  };
  t.strictSame(since(nothing), []);
  t.strictSame(
    since(() => {
      status.ready();
    }),
    [`READY=1\n${line(engineless)}`],
  );
  const beat = (): void => {
    status.heartbeat();
  };
  t.strictSame(since(beat), ["WATCHDOG=1"]);
  now = facts;
  t.strictSame(since(beat), ["WATCHDOG=1", line(facts)]);
  t.strictSame(since(beat), ["WATCHDOG=1"]);
  const reload = (): void => {
    status.reloading();
    now = { ...facts, generation: 3 };
    status.reloaded();
  };
  t.strictSame(since(reload), [
    "RELOADING=1\nMONOTONIC_USEC=12345",
    `READY=1\n${line({ ...facts, generation: 3 })}`,
  ]);
  t.strictSame(
    since(() => {
      status.stopping();
      status.refresh();
    }),
    ["STOPPING=1\nSTATUS=stopping"],
  );
  t.end();
});
