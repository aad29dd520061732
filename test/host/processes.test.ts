// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, readFileSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { createProcessSource } from "../../daemon/host/processes.ts";

const gone = 4_194_305;

t.test("a process that runs", async (t) => {
  const directory = t.testdir({});
  const path = join(directory, "program");
  copyFileSync("/bin/sleep", path);
  const child = spawn(path, ["60"], { cwd: directory, stdio: "ignore" });
  t.teardown(() => child.kill("SIGKILL"));
  await once(child, "spawn");
  const pid = child.pid ?? 0;
  const source = createProcessSource();
  t.ok((await source.pids()).includes(pid));
  t.match(source.text(pid, "stat"), `${pid} (`);
  t.equal(source.cwd(pid), directory);
  const file = await source.file(pid);
  const { dev, ino, size, mode } = statSync(path);
  t.match(file, { inode: BigInt(ino), size, mode });
  t.equal(file?.device, ((dev >> 8) & 0xfff) * 2 ** 20 + ((dev & 0xff) | ((dev >> 12) & 0xfff00)));
  const expected = createHash("sha256").update(readFileSync(path)).digest("hex");
  t.equal(file && (await source.digest(pid, file)), expected);
  utimesSync(path, 1, 1);
  t.equal(file && (await source.digest(pid, file)), undefined, "it has changed since");
});

t.test("a process that is gone", async (t) => {
  const source = createProcessSource();
  t.equal(source.text(gone, "stat"), undefined);
  t.equal(source.cwd(gone), undefined);
  t.equal(await source.file(gone), undefined);
  const file = await source.file(process.pid);
  t.equal(file && (await source.digest(gone, file)), undefined);
});
