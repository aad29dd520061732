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
  const [before, now, after] = [clock.nowMs(), clock.nowNs(), clock.nowMs()];
  const [sinceNs, leftNs] = [now - BigInt(before) * 1_000_000n, BigInt(after) * 1_000_000n - now];
  t.ok(sinceNs >= -1_000_000n && leftNs >= -3_000_000n, `${sinceNs} ${leftNs}`);
  t.end();
});

t.test("the monotonic clock goes forward", async (t) => {
  const clock = createClock();
  const start = clock.monotonicMs();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const tookMs = clock.monotonicMs() - start;
  t.ok(tookMs >= 19 && tookMs < 60_000, String(tookMs));
});
