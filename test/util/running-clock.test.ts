// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { createRunningClock } from "../../daemon/util/running-clock.ts";

t.test("a clock that stands still while nobody looks at it", (t) => {
  let real = 1_000;
  const clock = createRunningClock(() => real, 100);
  t.equal(clock(), 1_000);
  real += 100;
  t.equal(clock(), 1_100, "what may pass");
  real += 60_000;
  t.equal(clock(), 1_200, "a stop");
  for (let step = 0; step < 5; step += 1) {
    real += 20;
    clock();
  }
  t.equal(clock(), 1_300, "and on");
  real -= 50;
  t.equal(clock(), 1_300, "never back");
  t.end();
});
