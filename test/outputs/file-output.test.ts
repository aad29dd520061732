// SPDX-License-Identifier: Apache-2.0
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
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
    await output.close(60_000);
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
  await until(() => output.counters().written === 1, 60_000);
  renameSync(path, `${path}.1`);
  output.write(sampleAlert({ uuid: "after" }));
  await until(() => output.counters().written === 2, 60_000);
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
    const output = createFileOutput({ path, formatJson, log, limits: { ...limits, alertsMax: 5 } });
    const startedMs = performance.now();
    for (let i = 0; i < 100; i++) output.write(sampleAlert({ uuid: `n${i}` }));
    t.ok(performance.now() - startedMs < 20_000, "write waits for nothing");
    await until(() => told.length > 1, 60_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    t.equal(told.filter(({ message }) => message.startsWith("cannot write")).length, 1);
    const { dropped, queued, written } = output.counters();
    t.equal(written, 0);
    t.equal(dropped + queued, 100);
    t.ok(dropped >= 90, `${dropped}`);
    rmdirSync(path);
    await until(() => output.counters().queued === 0, 60_000);
    t.equal(uuids(path)[0], "n0");
    t.ok(told.some(({ message }) => message === "alerts are written again"));
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
    await until(() => told.length > 0, 60_000);
    await output.close(20);
    t.strictSame(output.counters(), { written: 0, dropped: 0, failed: 1, queued: 0 });
    output.write(sampleAlert());
    t.equal(output.counters().dropped, 1, "closed is closed");
  });
}

t.test("a file that is large enough is moved away, and so many old ones are kept", async (t) => {
  const path = join(t.testdir(), "events.json");
  const lineBytes = formatJson(sampleAlert({ uuid: "n00" })).length + 1;
  const rotation = { bytesMax: lineBytes * 10, keep: 2 };
  const { log, lines: told } = createRecordingLog();
  const output = createFileOutput({ path, formatJson, log, limits, rotation });
  for (let i = 10; i < 55; i++) output.write(sampleAlert({ uuid: `n${i}` }));
  await output.close(60_000);
  t.strictSame(readdirSync(t.testdirName).sort(), [
    ...["events.json", "events.json.1", "events.json.2"],
  ]);
  const kept = [`${path}.2`, `${path}.1`, path].flatMap(uuids);
  t.equal(kept.at(-1), "n54");
  t.equal(new Set(kept).size, kept.length);
  t.ok(statSync(`${path}.1`).size <= rotation.bytesMax, "none is larger");
  t.ok(statSync(`${path}.2`).size <= rotation.bytesMax);
  t.match(output.counters(), { written: 45, dropped: 0, failed: 0 });
  t.strictSame(told, []);
});

t.test("a rotation that fails is told once, and the file goes on growing", async (t) => {
  const path = join(t.testdir(), "events.json");
  mkdirSync(`${path}.1`);
  const { log, lines: told } = createRecordingLog();
  const rotation = { bytesMax: 100, keep: 1 };
  const output = createFileOutput({ path, formatJson, log, limits, rotation });
  for (let i = 0; i < 20; i++) output.write(sampleAlert({ uuid: `n${i}` }));
  await output.close(60_000);
  t.equal(uuids(path).length, 20);
  t.strictSame(
    told.map(({ message }) => message),
    ["cannot rotate the file of alerts; it goes on growing"],
  );
});

t.test("asked to, it opens its file anew at once, and lets go of the old one", async (t) => {
  const path = join(t.testdir(), "events.json");
  const output = createFileOutput({
    ...{ path, formatJson, log: createRecordingLog().log },
    limits: { ...limits, checkEveryMs: 3_600_000 },
  });
  output.write(sampleAlert({ uuid: "before" }));
  await until(() => output.counters().written === 1, 60_000);
  renameSync(path, `${path}.old`);
  output.reopen?.();
  await until(() => existsSync(path), 60_000);
  output.write(sampleAlert({ uuid: "after" }));
  await output.close(60_000);
  t.strictSame(uuids(`${path}.old`), ["before"]);
  t.strictSame(uuids(path), ["after"]);
});

t.test("a line that a crash has torn is ended, so that it harms no other", async (t) => {
  const path = join(t.testdir({ "events.json": '{"uuid":"torn' }), "events.json");
  const output = createFileOutput({ path, formatJson, log: createRecordingLog().log, limits });
  output.write(sampleAlert({ uuid: "whole" }));
  await output.close(60_000);
  const [torn, ...rest] = readFileSync(path, "utf8").trimEnd().split("\n");
  t.equal(torn, '{"uuid":"torn');
  t.strictSame(
    rest.map((line) => (JSON.parse(line) as { uuid: string }).uuid),
    ["whole"],
  );
});

t.test("a full disk is told once, tears no line, and recovers by itself", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "execwarden-full-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", directory]);
  t.teardown(() => {
    execFileSync("umount", ["-l", directory]);
    rmdirSync(directory);
  });
  const path = join(directory, "events.json");
  writeFileSync(join(directory, "ballast"), "x".repeat(50_000));
  const { log, lines: told } = createRecordingLog();
  const output = createFileOutput({ path, formatJson, log, limits });
  for (let i = 0; i < 20; i++) output.write(sampleAlert({ uuid: `n${i}` }));
  await until(() => told.length > 0, 60_000);
  t.ok(output.counters().queued > 0);
  rmSync(join(directory, "ballast"));
  await until(() => output.counters().written === 20, 60_000);
  await output.close(60_000);
  t.strictSame(
    uuids(path),
    Array.from({ length: 20 }, (_, i) => `n${i}`),
  );
  t.strictSame(
    told.map(({ message }) => message),
    ["cannot write alerts; will try again", "alerts are written again"],
  );
});
