// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { createClock } from "../../daemon/host/clock.ts";

t.test("nanoseconds agree with the wall clock and never repeat in a row of readings", (t) => {
  const clock = createClock();
  let last = 0n;
  for (let i = 0; i < 10_000; i++) {
    const now = clock.nowNs();
    if (now <= last) t.fail(`${now} after ${last}`);
    last = now;
  }
  const apartNs = clock.nowNs() - BigInt(clock.nowMs()) * 1_000_000n;
  t.ok(apartNs >= -1_000_000n && apartNs <= 3_000_000n, String(apartNs));
  t.end();
});

t.test("the monotonic clock goes forward", async (t) => {
  const clock = createClock();
  const start = clock.monotonicMs();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const tookMs = clock.monotonicMs() - start;
  t.ok(tookMs >= 19 && tookMs < 2000, String(tookMs));
});
