// SPDX-License-Identifier: Apache-2.0
import { statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { readRunRecord, RunRecorder } from "../../daemon/host/run-record.ts";
import { createRecordingLog } from "../support/recording-log.ts";

t.test("a run leaves its last sign of life, and whether it was stopped", async (t) => {
  const directory = join(t.testdir(), "state");
  t.equal(await readRunRecord(directory), undefined, "there was none before");
  const { log, lines } = createRecordingLog();
  let nowMs = 1_000;
  const runs = new RunRecorder({
    directory,
    bootId: "b",
    nowMs: () => nowMs,
    uptimeMs: () => nowMs / 2,
    log,
  });
  await runs.stop();
  t.equal(await readRunRecord(directory), undefined, "a daemon that never guarded leaves nothing");
  const written = async (): Promise<number | undefined> => (await readRunRecord(directory))?.beatMs;
  runs.beat();
  while ((await written()) !== 1_000) await new Promise((resolve) => setTimeout(resolve, 5));
  t.strictSame(await readRunRecord(directory), {
    bootId: "b",
    beatMs: 1_000,
    uptimeMs: 500,
    isStopped: false,
  });
  t.equal(statSync(join(directory, "last-run.json")).mode & 0o007, 0);
  nowMs = 2_000;
  runs.beat();
  nowMs = 11_500;
  runs.beat();
  while ((await written()) !== 11_500) await new Promise((resolve) => setTimeout(resolve, 5));
  nowMs = 12_000;
  await runs.stop();
  t.strictSame(await readRunRecord(directory), {
    bootId: "b",
    beatMs: 12_000,
    uptimeMs: 6_000,
    isStopped: true,
  });
  t.strictSame(lines, []);
});

for (const text of ["", "{", "[]", '{"bootId":1}', '{"bootId":"b","beatMs":-1,"isStopped":true}']) {
  t.test(`a record that makes no sense is none: ${text}`, async (t) => {
    const directory = t.testdir({ "last-run.json": text });
    t.equal(await readRunRecord(directory), undefined);
  });
}

t.test("a place that cannot be written is said once, and nothing else happens", async (t) => {
  const directory = t.testdir({ "a-file": "" });
  const { log, lines } = createRecordingLog();
  const runs = new RunRecorder({
    ...{
      directory: join(directory, "a-file"),
      bootId: "b",
      nowMs: () => 1,
      uptimeMs: () => 1,
      log,
    },
  });
  runs.beat();
  await runs.stop();
  await runs.stop();
  t.match(lines, [{ level: "warn", message: /^cannot write when the daemon last guarded/ }]);
  t.equal(lines.length, 1);
});
