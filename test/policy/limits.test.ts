// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { createLimits } from "../../daemon/policy/limits.ts";

const key = { policyName: "A", containerId: "c" };

t.test("a cooldown runs for one policy in one container", (t) => {
  const limits = createLimits({ cooldownsMax: 10, policiesMax: 10 });
  t.equal(limits.cooldownLeftMs(key, 1000), 0, "nothing was done yet");
  limits.startCooldown(key, 61_000, 1000);
  t.equal(limits.cooldownLeftMs(key, 1000), 60_000);
  t.equal(limits.cooldownLeftMs(key, 60_999), 1);
  t.equal(limits.cooldownLeftMs(key, 61_000), 0);
  t.equal(limits.cooldownLeftMs({ ...key, containerId: "d" }, 1000), 0, "another container");
  t.equal(limits.cooldownLeftMs({ ...key, policyName: "B" }, 1000), 0, "another policy");
  t.end();
});

t.test("actions are counted over any 60 seconds", (t) => {
  const limits = createLimits({ cooldownsMax: 10, policiesMax: 10 });
  const taken = [0, 30_000, 59_999, 60_000, 60_001, 90_000].map((nowMs) =>
    limits.takeAction("A", 2, nowMs),
  );
  t.same(taken, [true, true, false, true, false, true]);
  t.equal(limits.takeAction("B", 1, 90_000), true, "another policy has its own count");
  t.end();
});

t.test("the memory is bounded, sweeps what is over first, and counts what it gave up", (t) => {
  const limits = createLimits({ cooldownsMax: 3, policiesMax: 2 });
  for (let i = 0; i < 3; i++) {
    limits.startCooldown({ ...key, containerId: `c${i}` }, i === 1 ? 5 : 1000, 0);
  }
  limits.startCooldown({ ...key, containerId: "c3" }, 1000, 10);
  t.same(limits.counters(), { cooldowns: 3, policies: 0, evicted: 0 }, "c1 was over");
  limits.startCooldown({ ...key, containerId: "c4" }, 1000, 10);
  t.same(limits.counters(), { cooldowns: 3, policies: 0, evicted: 1 });
  t.equal(limits.cooldownLeftMs({ ...key, containerId: "c0" }, 10), 0, "the oldest was given up");
  t.equal(limits.cooldownLeftMs({ ...key, containerId: "c4" }, 10), 990, "the newest is there");
  for (let i = 0; i < 5000; i++) {
    limits.startCooldown({ ...key, containerId: `x${i}` }, 100_000, 20);
    limits.takeAction(`policy ${i}`, 5, 20);
  }
  t.match(limits.counters(), { cooldowns: 3, policies: 2 });
  t.end();
});

t.test("a cooldown that is renewed does not push others out", (t) => {
  const limits = createLimits({ cooldownsMax: 2, policiesMax: 1 });
  limits.startCooldown(key, 1000, 0);
  limits.startCooldown({ ...key, containerId: "d" }, 1000, 0);
  limits.startCooldown(key, 2000, 0);
  t.equal(limits.counters().evicted, 0);
  t.equal(limits.cooldownLeftMs(key, 0), 2000);
  t.end();
});

t.test("a memory of nothing is a fault of the program", (t) => {
  t.throws(() => createLimits({ cooldownsMax: 0, policiesMax: 1 }), /assertion failed/);
  t.end();
});
