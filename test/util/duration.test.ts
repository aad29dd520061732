// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { formatDuration, parseDurationMs } from "../../daemon/util/duration.ts";

const rows: readonly [name: string, text: string, milliseconds: number | undefined][] = [
  ["milliseconds", "250ms", 250],
  ["seconds", "30s", 30_000],
  ["minutes", "10m", 600_000],
  ["hours", "1h", 3_600_000],
  ["zero", "0s", 0],
  ["leading zeros", "007s", 7000],
  ["no unit", "250", undefined],
  ["no number", "ms", undefined],
  ["nothing", "", undefined],
  ["an unknown unit", "1d", undefined],
  ["a capital unit", "1S", undefined],
  ["a blank", "1 s", undefined],
  ["a sign", "-1s", undefined],
  ["a fraction", "1.5s", undefined],
  ["two units", "1h30m", undefined],
  ["too many digits", "1000000000ms", undefined],
  ["digits of another script", "١s", undefined],
];

for (const [name, text, milliseconds] of rows) {
  t.test(`reads ${name}`, (t) => {
    t.equal(parseDurationMs(text), milliseconds);
    t.end();
  });
}

t.test("prints in the largest unit that fits", (t) => {
  t.same([0, 250, 1500, 30_000, 600_000, 7_200_000].map(formatDuration), [
    "0ms",
    "250ms",
    "1500ms",
    "30s",
    "10m",
    "2h",
  ]);
  t.end();
});
