// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { loadBinding } from "../daemon/kernel/binding.ts";
import { unknownContainer, type Container } from "../daemon/model/container.ts";
import type { ToGuard } from "../daemon/model/guard-messages.ts";
import { ok } from "../daemon/util/result.ts";
import { UsersReading } from "../daemon/users-reading.ts";

type Told = Extract<ToGuard, { kind: "users" }>;

/** No process has it: above the kernel's highest pid (PID_MAX_LIMIT). */
const goneProcess = 1 << 23;
const container: Container = {
  ...unknownContainer("c".repeat(64)),
  isComplete: true,
  state: "running",
};

function layer(directory: string, name: string, files: Readonly<Record<string, string>>): string {
  const path = join(directory, name);
  mkdirSync(join(path, "etc"), { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, "etc", file), text);
  return path;
}

function open(t: Test, known?: Container) {
  const directory = mkdtempSync(join(tmpdir(), "execwarden-users-"));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  const top = layer(directory, "top", {});
  const middle = layer(directory, "middle", { passwd: "app:x:1000:1000::/home/app:/bin/sh\n" });
  const base = layer(directory, "base", { passwd: "old:x:1000:\n", group: "staff:x:50:\n" });
  const GraphDriver = {
    Name: "overlay2",
    Data: { UpperDir: top, LowerDir: [middle, base].join(":") },
  };
  const told: Told[] = [];
  let now = known;
  const reading = new UsersReading({
    binding: loadBinding(),
    engine: { inspectImage: () => Promise.resolve(ok({ GraphDriver })) },
    inventory: { get: () => now },
    guard: { post: (message) => void told.push(message as Told) },
    clock: { monotonicMs: () => performance.now() },
  });
  const setKnown = (container: Container): void => {
    now = container;
  };
  return { reading, told, top, setKnown };
}

t.test("a process shows the container's own files", async (t) => {
  const { reading, told } = open(t, container);
  await reading.read(container.id, process.pid);
  const passwd = readFileSync("/etc/passwd", "latin1");
  t.match(told, [{ containerId: container.id, isRead: true, passwd }]);
  t.equal(told.length, 1);
});

t.test(
  "of a container that has ended, its image's files are told: the topmost of each",
  async (t) => {
    const { reading, told } = open(t, container);
    await reading.read(container.id, goneProcess);
    const passwd = "app:x:1000:1000::/home/app:/bin/sh\n";
    t.match(told, [{ isRead: false, passwd, group: "staff:x:50:\n" }]);
    t.equal(told.length, 1);
  },
);

t.test("what a layer hides is not looked for below it", async (t) => {
  const { reading, told, top } = open(t, container);
  execFileSync("mknod", [join(top, "etc", "passwd"), "c", "0", "0"]);
  await reading.readOfImage(container.id);
  t.match(told, [{ isRead: false, passwd: "", group: "staff:x:50:\n" }]);
});

t.test("nothing is told before the image is known", async (t) => {
  const { reading, told, setKnown } = open(t);
  await reading.read(container.id, goneProcess);
  reading.offer({ ...container, isComplete: false });
  t.strictSame(told, []);
  setKnown(container);
  reading.offer(container);
  while (told.length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.match(told, [{ isRead: false, group: "staff:x:50:\n" }]);
  reading.offer(container);
  t.equal(told.length, 1, "once");
});

t.test(
  "of a step of a build the files of its root are told, wherever that is mounted",
  async (t) => {
    const { reading, told, top } = open(t);
    const step = "teii06a3zt3rnvgc1w5iaczjv";
    await reading.read(step, goneProcess);
    t.match(told, [{ containerId: step, isRead: false, passwd: "", group: "" }], "it is over");
    const root = join(top, "buildkit/executor", step, "rootfs");
    mkdirSync(root, { recursive: true });
    execFileSync("mount", ["--bind", join(top, "../middle"), root]);
    t.teardown(() => execFileSync("umount", [root]));
    await reading.read(step, goneProcess);
    t.match(told[1], { containerId: step, passwd: "app:x:1000:1000::/home/app:/bin/sh\n" });
  },
);
