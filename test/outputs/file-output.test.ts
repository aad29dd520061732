// SPDX-License-Identifier: Apache-2.0
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import t from "tap";
import { createFileOutput, defaultFileOutputLimits } from "../../daemon/outputs/file-output.ts";
import { formatJson } from "../../daemon/outputs/format-json.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { until } from "../support/until.ts";
import { sampleAlert } from "./fixtures/alert.ts";

const limits = { ...defaultFileOutputLimits, checkEveryMs: 0, retryMs: 10 };

function uuids(path: string): string[] {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  return lines.map((line) => (JSON.parse(line) as { uuid: string }).uuid);
}

t.test("alerts are appended, one line each, in order, to a file of mode 0640", async (t) => {
  const path = join(t.testdir({ "events.json": '{"uuid":"old"}\n' }), "events.json");
  const fresh = join(t.testdirName, "fresh.json");
  for (const file of [path, fresh]) {
    const output = createFileOutput({ path: file, formatJson, log: createRecordingLog().log });
    for (let i = 0; i < 500; i++) output.write(sampleAlert({ uuid: `n${i}` }));
    await output.close(5000);
    t.strictSame(output.counters(), { written: 500, dropped: 0, failed: 0, queued: 0 });
  }
  const expected = Array.from({ length: 500 }, (_, i) => `n${i}`);
  t.strictSame(uuids(path), ["old", ...expected]);
  t.strictSame(uuids(fresh), expected);
  t.equal(statSync(fresh).mode & 0o777, 0o640);
});

t.test("a file that was moved away is created anew", async (t) => {
  const path = join(t.testdir(), "events.json");
  const output = createFileOutput({ path, formatJson, log: createRecordingLog().log, limits });
  output.write(sampleAlert({ uuid: "before" }));
  await until(() => output.counters().written === 1, 5000);
  renameSync(path, `${path}.1`);
  output.write(sampleAlert({ uuid: "after" }));
  await until(() => output.counters().written === 2, 5000);
  await output.close(1000);
  t.strictSame(uuids(`${path}.1`), ["before"]);
  t.strictSame(uuids(path), ["after"]);
});

t.test(
  "a path that cannot be written is told once; what waits is written when it can be",
  async (t) => {
    const path = join(t.testdir(), "events.json");
    mkdirSync(path);
    const { log, lines: told } = createRecordingLog();
    const output = createFileOutput({ path, formatJson, log, limits: { ...limits, linesMax: 5 } });
    const startedMs = performance.now();
    for (let i = 0; i < 100; i++) output.write(sampleAlert({ uuid: `n${i}` }));
    t.ok(performance.now() - startedMs < 200, "write waits for nothing");
    await until(() => told.length > 1, 5000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    t.equal(told.filter(({ message }) => message.startsWith("cannot deliver")).length, 1);
    const { dropped, queued, written } = output.counters();
    t.equal(written, 0);
    t.equal(dropped + queued, 100);
    t.ok(dropped >= 90, `${dropped}`);
    rmdirSync(path);
    await until(() => output.counters().queued === 0, 5000);
    t.equal(uuids(path)[0], "n0");
    t.equal(told.at(-1)?.message, "alerts are delivered again");
    await output.close(1000);
  },
);

const refused = [
  {
    name: "a symbolic link is not followed",
    prepare: (path: string) => {
      writeFileSync(`${path}.target`, "");
      symlinkSync(`${path}.target`, path);
    },
  },
  {
    name: "a fifo without a reader does not hold the daemon",
    prepare: (path: string) => execFileSync("mkfifo", [path]),
  },
  {
    name: "a device is no place for alerts",
    prepare: (path: string) => execFileSync("mknod", [path, "c", "1", "3"]),
  },
];
for (const { name, prepare } of refused) {
  t.test(name, async (t) => {
    const path = join(t.testdir(), "events.json");
    prepare(path);
    const { log, lines: told } = createRecordingLog();
    const output = createFileOutput({ path, formatJson, log, limits });
    output.write(sampleAlert());
    await until(() => told.length > 0, 5000);
    await output.close(20);
    t.strictSame(output.counters(), { written: 0, dropped: 0, failed: 1, queued: 0 });
    output.write(sampleAlert());
    t.equal(output.counters().dropped, 1, "closed is closed");
  });
}
