// host: adapters to the machine. Comes in: paths, descriptors, sockets. Goes out: the ports of model, typed values.
// Must not know: rules, policies, or what any of it is used for. One third-party package per file, nowhere else.
// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../model/ports.ts";

const nsPerMs = 1_000_000n;
/** How far the fine clock may run from the wall clock before it is set anew. */
const driftMaxNs = 2n * nsPerMs;

/** The real clocks: CLOCK_REALTIME for `now…`, CLOCK_MONOTONIC for `monotonicMs`. */
export function createClock(): Clock {
  let offsetNs = 0n;
  let lastNs = 0n;
  return {
    nowMs: () => Date.now(),
    nowNs: () => {
      // Node reads the wall clock in milliseconds only, so the monotonic clock carries what is below them.
      const monotonicNs = process.hrtime.bigint();
      const wallNs = BigInt(Date.now()) * nsPerMs;
      const aheadNs = monotonicNs + offsetNs - wallNs;
      if (aheadNs < 0n || aheadNs > driftMaxNs) offsetNs = wallNs - monotonicNs;
      const nowNs = monotonicNs + offsetNs;
      // Whoever lost the processor between the two readings had a time that was ahead. A clock set back is followed.
      const isRepeated = nowNs <= lastNs && lastNs - nowNs <= driftMaxNs;
      lastNs = isRepeated ? lastNs + 1n : nowNs;
      return lastNs;
    },
    monotonicMs: () => performance.now(),
  };
}
