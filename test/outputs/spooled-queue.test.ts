// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import type { Delivery } from "../../daemon/outputs/delivery-queue.ts";
import { SpooledQueue, type SpoolOptions } from "../../daemon/outputs/spooled-queue.ts";
import { createLane } from "../../daemon/util/lane.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { until } from "../support/until.ts";

function open(directory: string, changes: Partial<SpoolOptions> = {}) {
  const { log, lines: told } = createRecordingLog();
  const queue = new SpooledQueue({
    spool: {
      ...{ directory, name: "ops", bytesMax: 1 << 20, fsync: "interval", lane: createLane() },
      ...changes,
    },
    limits: { alertsMax: 10_000, bytesMax: 16 << 20 },
    log,
    fields: { output: "ops" },
    onReady: () => undefined,
  });
  const messages = (): readonly string[] => told.map(({ message }) => message);
  return { queue, messages };
}

function delivery(n: number, size = 0): Delivery {
  return { key: `n${n}`, body: JSON.stringify({ uuid: `n${n}`, fill: "é".repeat(size) }) };
}

/** Takes so many, waiting for the disk. */
async function take(queue: SpooledQueue, count: number): Promise<readonly Delivery[]> {
  const taken: Delivery[] = [];
  await until(() => {
    for (let next = queue.take(); next !== undefined; next = queue.take()) {
      taken.push(next);
      if (taken.length === count) break;
    }
    return taken.length >= count;
  }, 20_000);
  return taken;
}

const keys = (deliveries: readonly Delivery[]): readonly string[] =>
  deliveries.map(({ key }) => key);
const numbered = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, i) => `n${from + i}`);

for (const fsync of ["always", "interval", "never"] as const) {
  t.test(
    `alerts come out in order, and the disk is empty at the end (fsync ${fsync})`,
    async (t) => {
      const directory = join(t.testdir(), "spool");
      const { queue, messages } = open(directory, { fsync });
      for (let i = 0; i < 2000; i++) queue.push(delivery(i));
      const taken = await take(queue, 2000);
      t.strictSame(keys(taken), numbered(0, 2000));
      t.strictSame(taken[7], delivery(7));
      t.equal(statSync(directory).mode & 0o777, 0o700);
      t.equal(statSync(join(directory, "ops")).mode & 0o777, 0o700);
      for (const one of taken) queue.settle(one, "written");
      await queue.close(60_000);
      t.strictSame(readdirSync(join(directory, "ops")), ["cursor"]);
      t.strictSame(queue.counters(), {
        ...{ written: 2000, dropped: 0, failed: 0, queued: 0, spooled: 0 },
      });
      t.strictSame(messages(), []);
    },
  );
}

t.test(
  "what was not delivered is there after a restart, once more under the same key",
  async (t) => {
    const directory = t.testdir();
    const first = open(directory);
    for (let i = 0; i < 1000; i++) first.queue.push(delivery(i));
    const taken = await take(first.queue, 300);
    for (const one of taken.slice(0, 200)) first.queue.settle(one, "written");
    for (const one of taken.slice(200)) first.queue.settle(one, "kept");
    await first.queue.close(60_000);
    t.equal(first.queue.counters().dropped, 0);
    const second = open(directory);
    await until(() => second.queue.counters().queued === 800, 60_000);
    t.equal(second.queue.counters().spooled, 800);
    second.queue.push(delivery(1000));
    t.strictSame(keys(await take(second.queue, 801)), numbered(200, 1001));
    await second.queue.close(60_000);
  },
);

t.test("a crash loses nothing that was written, and sends at most some of it twice", async (t) => {
  const directory = t.testdir();
  const crashed = open(directory);
  for (let i = 0; i < 100; i++) crashed.queue.push(delivery(i));
  for (const one of await take(crashed.queue, 50)) crashed.queue.settle(one, "written");
  // Not closed: what a killed daemon leaves behind. Its last line is torn.
  await until(() => crashed.queue.counters().spooled === 50, 60_000);
  const [segment] = readdirSync(join(directory, "ops")).filter((name) => name.endsWith(".spool"));
  const path = join(directory, "ops", segment ?? "");
  truncateSync(path, statSync(path).size - 5);
  const { queue, messages } = open(directory);
  await until(() => queue.counters().queued >= 49, 60_000);
  const count = queue.counters().queued;
  const again = keys(await take(queue, count));
  t.strictSame(again.slice(-49), numbered(50, 99), "all but the torn one");
  t.strictSame(
    messages().filter((message) => !message.includes("damaged")),
    [],
  );
  await queue.close(60_000);
  await crashed.queue.close(60_000);
});

t.test("damage in the middle costs the lines that it hit, and is told and counted", async (t) => {
  const directory = t.testdir();
  const first = open(directory);
  for (let i = 0; i < 10; i++) first.queue.push(delivery(i));
  await until(() => first.queue.counters().spooled === 10, 60_000);
  await first.queue.close(60_000);
  const [name] = readdirSync(join(directory, "ops")).filter((file) => file.endsWith(".spool"));
  const path = join(directory, "ops", name ?? "");
  writeFileSync(path, readFileSync(path, "utf8").replace('"n4"', '"n5"'));
  writeFileSync(join(directory, "ops", "cursor"), "nonsense");
  const { queue, messages } = open(directory);
  t.strictSame(keys(await take(queue, 9)), [...numbered(0, 4), ...numbered(5, 10)]);
  t.equal(queue.counters().dropped, 1);
  t.strictSame(messages(), ["alerts in the spool were damaged and are lost"]);
  await queue.close(60_000);
});

t.test("a segment that somebody removed is counted, and the rest goes on", async (t) => {
  const directory = t.testdir();
  const first = open(directory, { bytesMax: 1 << 20 });
  for (let i = 0; i < 60; i++) first.queue.push(delivery(i, 4000));
  await until(() => first.queue.counters().spooled === 60, 60_000);
  await first.queue.close(60_000);
  const { queue } = open(directory);
  await until(() => queue.counters().spooled === 60, 60_000);
  await queue.close(60_000);
  const files = readdirSync(join(directory, "ops")).filter((file) => file.endsWith(".spool"));
  t.ok(files.length > 2, `${files.length} segments`);
  rmSync(join(directory, "ops", files[1] ?? ""));
  const third = open(directory);
  await until(() => third.queue.counters().queued > 0, 60_000);
  const count = third.queue.counters().queued;
  t.ok(count < 60);
  t.equal((await take(third.queue, count)).at(-1)?.key, "n59");
  await third.queue.close(60_000);
});

t.test("at the cap the oldest are dropped, and counted", async (t) => {
  const directory = t.testdir();
  const { queue, messages } = open(directory);
  for (let i = 0; i < 600; i++) queue.push(delivery(i, 2000));
  await until(() => queue.counters().queued + queue.counters().dropped === 600, 60_000);
  await until(() => queue.counters().spooled === queue.counters().queued, 60_000);
  const { dropped, queued } = queue.counters();
  t.ok(dropped > 300, `${dropped} of 600 dropped: 600 × 4 kB do not fit into 1 MiB`);
  const bytes = readdirSync(join(directory, "ops"))
    .map((file) => statSync(join(directory, "ops", file)).size)
    .reduce((sum, size) => sum + size, 0);
  t.ok(bytes <= (1 << 20) + 64, `${bytes} bytes`);
  t.strictSame(keys(await take(queue, queued)), numbered(dropped, 600), "the youngest are there");
  t.strictSame(messages(), ["alerts are lost: the output takes them too slowly"], "told once");
  await queue.close(60_000);
});

t.test("a full disk is told once, costs no alert, and recovers by itself", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "execwarden-full-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", directory]);
  t.teardown(() => {
    execFileSync("umount", ["-l", directory]);
    rmdirSync(directory);
  });
  const { queue, messages } = open(directory);
  writeFileSync(join(directory, "ballast"), "x".repeat(150_000));
  for (let i = 0; i < 100; i++) queue.push(delivery(i, 1000));
  await until(() => messages().length > 0, 60_000);
  t.strictSame(messages(), ["cannot keep alerts on disk; they wait in memory"]);
  const some = await take(queue, 60);
  for (const one of some) queue.settle(one, "written");
  rmSync(join(directory, "ballast"));
  queue.push(delivery(100, 1000));
  await until(() => messages().length > 1, 60_000);
  t.strictSame(messages().slice(1), ["alerts are kept on disk again"]);
  const rest = await take(queue, 41);
  t.strictSame(new Set([...keys(some), ...keys(rest)]), new Set(numbered(0, 101)));
  for (const one of rest) queue.settle(one, "written");
  await queue.close(60_000);
  t.match(queue.counters(), { written: 101, dropped: 0, queued: 0 });
});

t.test("a directory that is none: alerts wait in memory and are sent from there", async (t) => {
  const directory = join(t.testdir({ file: "" }), "file");
  const { queue, messages } = open(directory);
  for (let i = 0; i < 5; i++) queue.push(delivery(i));
  t.strictSame(keys(await take(queue, 5)), numbered(0, 5));
  t.strictSame(messages(), ["cannot keep alerts on disk; they wait in memory"]);
  await queue.close(1000);
});

t.test("what lies about in the directory does no harm", async (t) => {
  const directory = t.testdir();
  mkdirSync(join(directory, "ops/0000000003.spool"), { recursive: true, mode: 0o755 });
  appendFileSync(join(directory, "ops/0000000001.spool"), Buffer.alloc(3 << 20, "x"));
  appendFileSync(join(directory, "ops/notes.txt"), "hello\n");
  const { queue } = open(directory);
  queue.push(delivery(1));
  t.strictSame(keys(await take(queue, 1)), ["n1"]);
  t.equal(statSync(join(directory, "ops")).mode & 0o777, 0o700);
  await queue.close(60_000);
});
