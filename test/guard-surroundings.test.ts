// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { BootTime } from "../daemon/guard-surroundings.ts";
import { createRecordingLog } from "./support/recording-log.ts";

const bootNs = 1_700_000_000_000_000_000n;

for (const [name, jumpMs, isFollowed] of [
  ["the milliseconds of the wall clock are no jump", 40n, false],
  ["nor backwards", -40n, false],
  ["the clock is set an hour on", 3_600_000n, true],
  ["and a day back", -86_400_000n, true],
] as const) {
  t.test(name, (t) => {
    let readNs = bootNs;
    const { log, lines } = createRecordingLog();
    const boot = new BootTime(() => readNs);
    readNs += jumpMs * 1_000_000n;
    boot.refresh(log);
    boot.refresh(log);
    t.equal(boot.ns, isFollowed ? readNs : bootNs);
    t.match(lines, isFollowed ? [{ level: "warn", fields: { by_ms: Number(jumpMs) } }] : []);
    t.equal(lines.length, isFollowed ? 1 : 0, "told once");
    t.end();
  });
}
