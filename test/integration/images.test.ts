// What images ship, on a real engine: whatever their containers do, however they are made, and as they come and go.
// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import t, { type Test } from "tap";
import { startDaemon, type TestDaemon } from "../support/daemon.ts";
import { requireEngine, startEngine, type TestEngine } from "../support/engine.ts";
import { buildImages, images, importImage } from "../support/images.ts";
import type { ImagesStatus } from "../../daemon/model/status.ts";

const rules = `
- rule: Tool of the Image
  desc: a program whose bytes an image has as curl or tool, wherever they lie
  condition: evt.type in (execve, execveat) and container and basename(proc.image_path) in (curl, tool)
  output: "tool (exepath=%proc.exepath image_path=%proc.image_path sha256=%proc.exe_sha256)"
  priority: NOTICE
`;
const policies = `
policies:
  - { name: No tools, rules: [Tool of the Image], mode: enforce, actions: [deny] }
`;
const waitMs = 60_000;

async function start(t: Test, engine: TestEngine): Promise<TestDaemon> {
  const daemon = await startDaemon({ dockerHost: engine.host, mode: "enforce", rules, policies });
  t.teardown(() => daemon.stop());
  return daemon;
}

/** Starts a container that has run a script when this returns. */
async function box(
  engine: TestEngine,
  name: string,
  { image, script = "true" }: { readonly image: string; readonly script?: string },
): Promise<void> {
  const words = ["/bin/sh", "-c", `${script}; : >/tmp/ready; exec /bin/sleep 600`];
  const options = ["--detach", "--network=none", `--name=${name}`, "--entrypoint="];
  const { code, stderr } = await engine.docker("run", ...options, image, ...words);
  if (code !== 0) throw new Error(`cannot start ${name}: ${stderr}`);
  for (let tries = 0; tries < 600; tries++) {
    if ((await engine.docker("exec", name, "/bin/test", "-e", "/tmp/ready")).code === 0) return;
    await delay(50);
  }
  throw new Error(`${name} is not ready`);
}

async function isDenied(engine: TestEngine, name: string, script: string): Promise<boolean> {
  const words = ["/bin/sh", "-c", `${script}; exit $?`];
  const { stderr } = await engine.docker("exec", name, ...words);
  return /operation not permitted/i.test(stderr);
}

/** What the status says of images, as soon as it fits. */
async function imagesOf(
  daemon: TestDaemon,
  fits: (images: ImagesStatus) => boolean,
): Promise<ImagesStatus> {
  const untilMs = performance.now() + waitMs;
  for (;;) {
    const { images: told } = await daemon.status();
    if (told !== undefined && fits(told)) return told;
    if (performance.now() > untilMs) throw new Error(`not in time: ${JSON.stringify(told)}`);
    await delay(50);
  }
}

const isIdle = ({ listed, waiting, files }: ImagesStatus): boolean =>
  listed > 0 && waiting === 0 && files > 0;

/** An image of a tree that `lay` makes. */
async function make(
  engine: TestEngine,
  name: string,
  lay: (root: string) => void,
): Promise<string> {
  const root = mkdtempSync(join(engine.directory, "image-"));
  mkdirSync(join(root, "bin"));
  mkdirSync(join(root, "tmp"));
  execFileSync("cp", ["/bin/busybox", join(root, "bin/")]);
  for (const applet of ["sh", "sleep", "cp", "test", "true"])
    symlinkSync("busybox", join(root, "bin", applet));
  lay(root);
  await importImage(engine, { root, name, changes: [] });
  rmSync(root, { recursive: true });
  return (await engine.docker("image", "inspect", "--format={{.Id}}", name)).stdout.trim();
}

const changes = "cp /usr/bin/curl /tmp/kept; rm /usr/bin/curl; echo >/usr/bin/curl";

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);

  await t.test("what a container changed before its image was listed still counts", async (t) => {
    await box(engine, "first", { image: images.curl, script: changes });
    const daemon = await start(t, engine);
    t.match(await imagesOf(daemon, isIdle), { listed: 1, fromContainers: 0, incomplete: 0 });
    t.ok(await isDenied(engine, "first", "/tmp/kept -V"));
    await box(engine, "second", { image: images.curl });
    t.ok(await isDenied(engine, "second", "cp /usr/bin/curl /tmp/x; /tmp/x -V"));
    const wrote = "cp /bin/busybox /usr/bin/tool; chmod 755 /usr/bin/tool; cp /usr/bin/tool /tmp/t";
    t.notOk(await isDenied(engine, "second", `${wrote}; /tmp/t true`), "what it wrote does not");
    await engine.docker("rm", "--force", "first", "second");
  });

  await t.test("layers on top of each other: what an image removes it does not ship", async (t) => {
    await box(engine, "base", { image: images.curl, script: "mv /usr/bin/curl /usr/bin/other" });
    await engine.docker("commit", "base", "without:1");
    await engine.docker("rm", "--force", "base");
    const daemon = await start(t, engine);
    await box(engine, "without", { image: "without:1" });
    t.match(await imagesOf(daemon, isIdle), { fromContainers: 0, incomplete: 0 });
    t.notOk(await isDenied(engine, "without", "/usr/bin/other -V"));
    await engine.docker("rm", "--force", "without");
  });

  await t.test(
    "an image under the same name is another one; the list of a deleted one goes",
    async (t) => {
      const daemon = await start(t, engine);
      const script = "cp /usr/bin/tool /tmp/x; /tmp/x true";
      const layTool = (word: string) => (root: string) => {
        mkdirSync(join(root, "usr/bin"), { recursive: true });
        execFileSync("cp", ["/bin/busybox", join(root, "usr/bin/tool")]);
        writeFileSync(join(root, "usr/bin/tool"), word, { flag: "a" });
      };
      const before = await make(engine, "shop:1", layTool("one"));
      await box(engine, "old", { image: "shop:1" });
      t.ok(await isDenied(engine, "old", script));
      const after = await make(engine, "shop:1", layTool("other"));
      t.not(before, after);
      await box(engine, "new", { image: "shop:1" });
      t.ok(await isDenied(engine, "new", script));
      t.ok(await isDenied(engine, "old", script), "the old one is known as it was");
      t.match(await imagesOf(daemon, isIdle), { listed: 2, dropped: 0 });
      await engine.docker("rm", "--force", "old", "new");
      const removed = await engine.docker("rmi", before);
      t.equal(removed.code, 0, removed.stderr);
      t.match(await imagesOf(daemon, ({ dropped }) => dropped > 0), { listed: 1, dropped: 1 });
      await engine.docker("rmi", after);
      t.match(await imagesOf(daemon, ({ dropped }) => dropped > 1), { listed: 0, files: 0 });
    },
  );

  await t.test("an image that is made against the list", async (t) => {
    const daemon = await start(t, engine);
    await make(engine, "hostile:1", (root) => {
      for (const folder of ["usr/bin", "deep"]) mkdirSync(join(root, folder), { recursive: true });
      execFileSync("mkfifo", ["-m", "755", join(root, "usr/bin/fifo")]);
      execFileSync("mknod", ["-m", "755", join(root, "usr/bin/device"), "c", "1", "5"]);
      symlinkSync("loop", join(root, "usr/bin/loop"));
      symlinkSync("/../../../../../../etc", join(root, "etc"));
      symlinkSync("../../../../../../../../../bin", join(root, "usr/bin/out"));
      writeFileSync(Buffer.from(`${root}/usr/bin/\xff\xfe`, "latin1"), "#!/bin/sh\n", {
        mode: 0o755,
      });
      execFileSync("cp", ["/bin/busybox", join(root, "usr/bin/tool")]);
      writeFileSync(join(root, "usr/bin/tool"), "x", { flag: "a" });
      chmodSync(join(root, "usr/bin/tool"), 0o4755);
      writeFileSync(join(root, "usr/bin/large"), "");
      truncateSync(join(root, "usr/bin/large"), 65 << 20);
      chmodSync(join(root, "usr/bin/large"), 0o755);
      const nest = "for i in $(seq 100); do mkdir d; cd d; done; cp /bin/true tool";
      execFileSync("/bin/sh", ["-c", nest], { cwd: join(root, "deep") });
    });
    await box(engine, "hostile", { image: "hostile:1" });
    const told = await imagesOf(daemon, isIdle);
    t.match(told, {
      ...{ incomplete: 1, fromContainers: 0 },
      skipped: { tooLarge: 1, tooDeep: 1, unreadable: 0, beyondFiles: 0 },
    });
    t.equal(told.files, 3, "busybox, tool, and a name that is no text");
    t.ok(await isDenied(engine, "hostile", "cp /usr/bin/tool /tmp/x; /tmp/x true"));
    const { stdout } = await daemon.run("status");
    t.match(stdout, /images .*1 not completely \(too large 1, too deep 1\)/);
    await engine.docker("rm", "--force", "hostile");
  });

  await t.test("execs elsewhere wait for no list", async (t) => {
    await make(engine, "large:1", (root) => {
      mkdirSync(join(root, "opt"));
      const fill = `head -c 150000 /dev/urandom >0; chmod 755 0; for i in $(seq 1499); do cp -p 0 $i; done`;
      execFileSync("/bin/sh", ["-c", fill], { cwd: join(root, "opt") });
    });
    await box(engine, "plain", { image: images.busybox });
    const daemon = await start(t, engine);
    await imagesOf(daemon, isIdle);
    await engine.docker("run", "--detach", "--name=large", "large:1", "/bin/sleep", "600");
    const loop = "i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done";
    const startedMs = performance.now();
    t.match(await engine.docker("exec", "plain", "/bin/sh", "-c", loop), { code: 0 });
    const tookMs = performance.now() - startedMs;
    const { files } = await imagesOf(daemon, ({ files: count }) => count > 1_500);
    t.comment(`300 held execs in ${tookMs.toFixed(0)} ms while ${files} files were listed`);
    t.match((await daemon.status()).gate.counters, { deadlinesMissed: 0, lost: 0 });
    await engine.docker("rm", "--force", "plain", "large");
  });
}

if (requireEngine(t)) {
  await t.test(
    "a storage driver that copies: the list is a container's, in which all is new, and that is said",
    async (t) => {
      const engine = await startEngine({ flags: ["--storage-driver=vfs"] });
      t.teardown(() => engine.stop());
      await buildImages(engine);
      const daemon = await start(t, engine);
      await box(engine, "first", { image: images.curl });
      const told = await imagesOf(daemon, ({ fromContainers }) => fromContainers > 0);
      t.match(told, { listed: 1, files: 0, fromContainers: 1, failed: 0 });
      t.match((await daemon.run("status")).stdout, /images .*from containers 1/);
    },
  );
}
