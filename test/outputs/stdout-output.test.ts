// SPDX-License-Identifier: Apache-2.0
import { PassThrough, Writable } from "node:stream";
import t from "tap";
import { formatJson } from "../../daemon/outputs/format-json.ts";
import {
  createStdoutOutput,
  type StdoutOutputOptions,
} from "../../daemon/outputs/stdout-output.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { until } from "../support/until.ts";
import { sampleAlert } from "./fixtures/alert.ts";

function stdout(stream: Writable, changes: Partial<StdoutOutputOptions> = {}) {
  return createStdoutOutput({
    stream,
    format: "auto",
    isTerminal: false,
    hasColor: false,
    formatJson,
    log: createRecordingLog().log,
    ...changes,
  });
}

/** A reader that takes nothing until it is told to. */
function stalledStream() {
  const pending: (() => void)[] = [];
  const lines: string[] = [];
  const stream = new Writable({
    highWaterMark: 1,
    write(chunk, _encoding, callback) {
      lines.push(String(chunk));
      pending.push(callback);
    },
  });
  return { stream, lines, readOne: () => pending.shift()?.() };
}

const formats = [
  { name: "auto writes JSON where no person reads", changes: {}, isText: false },
  { name: "auto writes text on a terminal", changes: { isTerminal: true }, isText: true },
  {
    name: "json is JSON on a terminal too",
    changes: { format: "json", isTerminal: true },
    isText: false,
  },
  { name: "text is text in a pipe too", changes: { format: "text" }, isText: true },
] as const;
for (const { name, changes, isText } of formats) {
  t.test(name, async (t) => {
    const stream = new PassThrough();
    const output = stdout(stream, changes);
    output.write(sampleAlert());
    await output.close(1000);
    const text = String(stream.read());
    t.equal(text.startsWith("{"), !isText);
    t.ok(text.endsWith("\n"));
    t.strictSame(output.counters(), { written: 1, dropped: 0, failed: 0, queued: 0 });
  });
}

t.test(
  "a reader that stops costs alerts, not memory or time, and gets the rest in order",
  async (t) => {
    const { stream, lines, readOne } = stalledStream();
    const { log, lines: told } = createRecordingLog();
    const output = stdout(stream, { log, limits: { alertsMax: 3, bytesMax: 1e6 } });
    for (let i = 0; i < 10; i++) output.write(sampleAlert({ uuid: `n${i}` }));
    t.strictSame(output.counters(), { written: 0, dropped: 6, failed: 0, queued: 4 });
    t.equal(told.length, 1, "the loss is told once");
    for (let i = 0; i < 4; i++) {
      readOne();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => output.counters().queued === 0, 60_000);
    t.strictSame(output.counters(), { written: 4, dropped: 6, failed: 0, queued: 0 });
    t.strictSame(
      lines.map((line) => (JSON.parse(line) as { uuid: string }).uuid),
      ["n0", "n1", "n2", "n3"],
    );
    await output.close(100);
  },
);

t.test("the queue is bounded in characters too", (t) => {
  const { stream } = stalledStream();
  const lineLength = formatJson(sampleAlert()).length + 1;
  const output = stdout(stream, { limits: { alertsMax: 100, bytesMax: lineLength * 1.5 } });
  for (let i = 0; i < 10; i++) output.write(sampleAlert());
  t.strictSame(output.counters(), { written: 0, dropped: 8, failed: 0, queued: 2 });
  t.end();
});

t.test("close waits for a slow reader, and no longer than it is told", async (t) => {
  const { stream } = stalledStream();
  const output = stdout(stream);
  output.write(sampleAlert());
  const startedMs = performance.now();
  await output.close(60);
  const tookMs = performance.now() - startedMs;
  t.ok(tookMs >= 50 && tookMs < 20_000, `${tookMs}`);
});

t.test("a reader that went away ends the output quietly", async (t) => {
  const { log, lines: told } = createRecordingLog();
  const stream = new Writable({
    write(_chunk, _encoding, callback) {
      callback(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    },
  });
  const output = stdout(stream, { log });
  output.write(sampleAlert());
  await until(() => output.counters().failed === 1, 60_000);
  output.write(sampleAlert());
  t.strictSame(output.counters(), { written: 0, dropped: 1, failed: 1, queued: 0 });
  t.strictSame(
    told.map(({ message }) => message),
    [],
  );
  await output.close(100);
});

t.test("another fault of standard output is told", async (t) => {
  const { log, lines: told } = createRecordingLog();
  const stream = new Writable({
    write(_chunk, _encoding, callback) {
      callback(Object.assign(new Error("write ENOSPC"), { code: "ENOSPC" }));
    },
  });
  const output = stdout(stream, { log });
  output.write(sampleAlert());
  await until(() => told.length > 0, 60_000);
  t.strictSame(
    told.map(({ message }) => message),
    ["standard output failed"],
  );
  await output.close(100);
});
