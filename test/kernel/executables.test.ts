// The lister alone, on trees that images could have, and on real overlays.
// SPDX-License-Identifier: Apache-2.0
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  lstatSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import t, { type TAP } from "tap";
import {
  createImageLister,
  listLimits,
  noSkips,
  type ImageList,
} from "../../daemon/image-listing.ts";
import { loadBinding } from "../../daemon/kernel/binding.ts";
import type { ListSkips } from "../../daemon/model/status.ts";
import { ok } from "../../daemon/util/result.ts";
import { container } from "../policy/samples.ts";
import { requireRoot } from "../support/overlay.ts";
import { until } from "../support/until.ts";

const binding = loadBinding();

function createDirectory(t: Pick<TAP, "teardown">): string {
  const directory = mkdtempSync(join(tmpdir(), "execwarden-list-"));
  t.teardown(() => {
    execFileSync("rm", ["-rf", "--one-file-system", directory]);
  });
  return directory;
}

function lay(root: string, files: Readonly<Record<string, string>>, mode = 0o755): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), mode);
  }
}

/** The list of layers, the topmost first. */
async function list(
  layers: readonly string[],
  limits: Partial<typeof listLimits> = {},
): Promise<ImageList> {
  const [UpperDir, ...lower] = layers;
  const Data = { UpperDir, LowerDir: lower.join(":") };
  const made = await createImageLister({
    ...{ binding, limits, container: () => undefined, readMountinfo: () => undefined },
    engine: {
      inspectImage: () => Promise.resolve(ok({ GraphDriver: { Name: "overlay2", Data } })),
    },
  })(container());
  if (typeof made === "string") throw new Error(`cannot list: ${made}`);
  return made;
}

async function pathsOf(...layers: readonly string[]): Promise<readonly string[]> {
  const { files, skipped } = await list(layers);
  t.strictSame(skipped, noSkips);
  return files.map(({ path }) => path).sort();
}

t.test("executables with path, size, ctime and digest; whatever their other bits", async (t) => {
  const root = createDirectory(t);
  lay(root, { "bin/tool": "tool", top: "top" });
  lay(root, { "bin/setuid": "s" }, 0o4711);
  lay(root, { "bin/group": "g" }, 0o010);
  lay(root, { "bin/text": "t" }, 0o644);
  lay(root, { "bin/none": "n" }, 0);
  const { files } = await list([root]);
  t.strictSame(files.map(({ path }) => path).sort(), [
    ...["/bin/group", "/bin/setuid", "/bin/tool", "/top"],
  ]);
  const { ctimeNs } = lstatSync(join(root, "top"), { bigint: true });
  t.match(
    files.find(({ path }) => path === "/top"),
    { size: 3, ctimeNs, sha256: createHash("sha256").update("top").digest("hex") },
  );
});

t.test("links are never followed, least of all out of the root", async (t) => {
  const directory = createDirectory(t);
  const root = join(directory, "root");
  lay(directory, { "host/secret": "secret" });
  lay(root, { "bin/tool": "tool" });
  for (const [name, target] of [
    ["absolute", "/bin"],
    ["upwards", "../../../../../../../../bin"],
    ["host", join(directory, "host")],
    ["host-file", join(directory, "host/secret")],
    ["loop", "loop"],
    ["self", "."],
    ["parent", ".."],
    ["bin/up", ".."],
    ["proc", "/proc/self/root"],
  ] as const) {
    symlinkSync(target, join(root, name));
  }
  t.strictSame(await pathsOf(root), ["/bin/tool"]);
  const other = join(directory, "other");
  lay(other, { tool: "t" });
  symlinkSync(join(directory, "host"), join(other, "bin"));
  t.strictSame(await pathsOf(other, root), ["/tool"], "a link above hides a directory");
  const only = join(directory, "only");
  lay(only, { "bin/more": "m" });
  t.strictSame(
    await pathsOf(only, other),
    ["/bin/more", "/tool"],
    "a directory above hides a link",
  );
});

t.test("pipes, sockets and devices are no programs, and none is opened", async (t) => {
  const root = createDirectory(t);
  lay(root, { "bin/tool": "tool" });
  execFileSync("mkfifo", ["-m", "755", join(root, "bin/fifo")]);
  execFileSync("mknod", ["-m", "755", join(root, "bin/null"), "c", "1", "3"]);
  execFileSync("mknod", ["-m", "755", join(root, "bin/watchdog"), "c", "10", "130"]);
  execFileSync("mknod", ["-m", "755", join(root, "bin/disk"), "b", "7", "0"]);
  const server = createServer().listen(join(root, "bin/socket"));
  t.teardown(() => server.close());
  chmodSync(join(root, "bin/socket"), 0o755);
  t.strictSame(await pathsOf(root), ["/bin/tool"]);
});

t.test("names that are no text are bytes", async (t) => {
  const root = createDirectory(t);
  const names = [Buffer.from([0xff, 0xfe]), Buffer.from("a\nb\t\\ c"), Buffer.alloc(255, 0xc3)];
  for (const name of names) {
    const path = Buffer.concat([Buffer.from(`${root}/`), name]);
    writeFileSync(path, "x", { mode: 0o755 });
  }
  const expected = names.map((name) => `/${name.toString("latin1")}`).sort();
  t.strictSame(await pathsOf(root), expected);
});

t.test("a tree of 4,000 levels is left at the bound, and the rest is listed", async (t) => {
  const root = createDirectory(t);
  // Deeper than a path can be long: each level by the one before.
  execFileSync("python3", [
    "-c",
    "import os,sys\nos.chdir(sys.argv[1])\nfor i in range(4000):\n os.mkdir('d')\n os.chdir('d')\nopen('tool','w').close()\nos.chmod('tool',0o755)",
    root,
  ]);
  lay(root, { "zz/tool": "tool" });
  const { files, skipped } = await list([root]);
  t.strictSame(
    files.map(({ path }) => path),
    ["/zz/tool"],
  );
  t.strictSame(skipped, { ...noSkips, tooDeep: 1 });
});

t.test("long names in deep directories", async (t) => {
  const root = createDirectory(t);
  const name = "n".repeat(255);
  execFileSync("python3", [
    "-c",
    "import os,sys\nos.chdir(sys.argv[1])\nfor i in range(20):\n os.mkdir(sys.argv[2])\n os.chdir(sys.argv[2])",
    ...[root, name],
  ]);
  lay(root, { tool: "tool" });
  const { files, skipped } = await list([root]);
  t.equal(files.length, 1);
  t.strictSame(skipped, { ...noSkips, tooDeep: 1 }, "a path longer than PATH_MAX");
});

t.test("files are bounded in size, all of them in bytes; a sparse one costs nothing", async (t) => {
  const root = createDirectory(t);
  lay(root, { "a/fits": "12345678", "a/fits-too": "1234567", "b/too-large": "" });
  // To read it would take minutes.
  truncateSync(join(root, "b/too-large"), 2 ** 40);
  const startedMs = performance.now();
  const whole = await list([root]);
  t.ok(performance.now() - startedMs < 30_000);
  t.strictSame(whole.skipped, { ...noSkips, tooLarge: 1 });
  t.equal(whole.files.length, 2);
  const exact = await list([root], { sizeMax: 7 });
  t.strictSame(
    exact.files.map(({ path }) => path),
    ["/a/fits-too"],
  );
  t.strictSame(exact.skipped, { ...noSkips, tooLarge: 2 });
  const some = await list([root], { bytesMax: 14 });
  t.equal(some.files.length, 1);
  t.strictSame(some.skipped, { ...noSkips, tooLarge: 1, beyondBytes: 1 });
});

t.test("100,000 files: those near the root first, the rest is counted", async (t) => {
  const root = createDirectory(t);
  const many = join(root, "a/b");
  mkdirSync(many, { recursive: true });
  execFileSync("python3", [
    "-c",
    "import os,sys\nos.chdir(sys.argv[1])\nfor i in range(100000):\n os.close(os.open(str(i),os.O_CREAT|os.O_WRONLY,0o755))",
    many,
  ]);
  lay(root, { "usr/tool": "tool", z: "z" });
  const { files, skipped } = await list([root]);
  t.equal(files.length, listLimits.filesMax);
  t.strictSame(
    files.slice(0, 2).map(({ path }) => path),
    ["/z", "/usr/tool"],
  );
  t.strictSame(skipped, { ...noSkips, beyondFiles: 1 });
  const few = await list([root], { entriesMax: 10 });
  t.ok(few.files.length < 10);
  t.strictSame(few.skipped, { ...noSkips, beyondEntries: 1 });
  const late = await list([root], { timeMaxMs: 0 });
  t.strictSame([late.files.length, late.skipped], [0, { ...noSkips, timeUp: 1 }]);
});

t.test("the names of one file cost its bytes once", async (t) => {
  const root = createDirectory(t);
  lay(root, { tool: "x".repeat(1 << 20) });
  for (let i = 0; i < 4_000; i++) linkSync(join(root, "tool"), join(root, `link-${i}`));
  const { files, skipped } = await list([root], { bytesMax: 1 << 20 });
  t.equal(files.length, 4_001);
  t.equal(new Set(files.map(({ sha256 }) => sha256)).size, 1);
  t.strictSame(skipped, noSkips);
});

t.test("a file that changes while it is listed is not on the list, and counted", async (t) => {
  const root = createDirectory(t);
  lay(root, { tool: "x".repeat(32 << 20), other: "other" });
  const writer = openSync(join(root, "tool"), "r+");
  t.teardown(() => {
    closeSync(writer);
  });
  const [begun, enough] = [`${root}-begun`, `${root}-enough`];
  t.teardown(() => {
    for (const path of [begun, enough]) rmSync(path, { force: true });
  });
  const write = `printf y | dd of=${join(root, "tool")} conv=notrunc status=none; : >${begun}`;
  const writing = execFileAsync(`while [ ! -e ${enough} ]; do ${write}; done`);
  await until(() => existsSync(begun), 60_000);
  const { files, skipped } = await list([root]);
  writeFileSync(enough, "");
  await writing;
  t.strictSame(
    files.map(({ path }) => path),
    ["/other"],
  );
  t.strictSame(skipped, { ...noSkips, unreadable: 1 });
});

t.test("directories that vanish and files that are exchanged break nothing", async (t) => {
  const root = createDirectory(t);
  const script = `cd ${root}; for i in $(seq 100); do mkdir -p a/b/c; cp /bin/true a/b/c/t; mv a b; ln -s / a; rm -rf a b; done`;
  const busy = execFileAsync(script);
  for (let i = 0; i < 50; i++) {
    const { files } = await list([root]);
    for (const { path } of files) t.match(path, /^\/[ab]\/b\/c\/t$/, "nothing of the host");
  }
  await busy;
});

t.test("a layer that is not there makes no list", async (t) => {
  const root = createDirectory(t);
  lay(root, { tool: "tool" });
  await t.rejects(list([root, join(root, "gone")]), /cannot list: early/);
  await t.rejects(list([join(root, "tool")]), /cannot list: early/);
});

/** Mounts an overlay of `lower`, the topmost first, with `upper` above unless it is undefined. */
function mount(directory: string, lower: readonly string[], upper?: string): string {
  const merged = mkdtempSync(join(directory, "merged-"));
  const options = [`lowerdir=${lower.join(":")}`];
  if (upper !== undefined)
    options.push(`upperdir=${upper}`, `workdir=${mkdtempSync(join(directory, "work-"))}`);
  // By mount(2): util-linux since 2.39 asks otherwise for each option by fsconfig(2), which takes 256 bytes of one.
  const env = { ...process.env, LIBMOUNT_FORCE_MOUNT2: "always" };
  execFileSync("mount", ["-t", "overlay", "none", "-o", options.join(","), merged], { env });
  return merged;
}

/** What a container sees: path and digest of every executable. */
function seen(root: string, path = ""): readonly string[] {
  return readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) => {
    const below = `${path}/${entry.name}`;
    if (entry.isDirectory()) return seen(root, below);
    if (!entry.isFile() || (lstatSync(join(root, below)).mode & 0o111) === 0) return [];
    const digest = createHash("sha256").update(readFileSync(join(root, below)));
    return [`${below} ${digest.digest("hex")}`];
  });
}

async function listed(layers: readonly string[]): Promise<readonly string[]> {
  const { files, skipped } = await list(layers);
  t.strictSame(skipped, noSkips);
  return files.map(({ path, sha256 }) => `${path} ${sha256}`).sort();
}

if (requireRoot(t)) {
  t.test("what an upper layer removes, replaces or adds", async (t) => {
    const directory = createDirectory(t);
    const [low, top] = ["low", "top"].map((name) => join(directory, name)) as [string, string];
    const names = ["kept", "changed", "removed", "turned/into-file", "gone/sub/x", "opaque/old"];
    lay(low, Object.fromEntries(names.map((name) => [name, name])));
    lay(low, { "file-first": "f", linked: "l" });
    mkdirSync(top);
    const merged = mount(directory, [low], top);
    writeFileSync(join(merged, "changed"), "other");
    rmSync(join(merged, "removed"));
    for (const name of ["turned", "gone", "opaque"])
      rmSync(join(merged, name), { recursive: true });
    lay(merged, { turned: "a file now", "opaque/new": "new" });
    rmSync(join(merged, "file-first"));
    lay(merged, { "file-first/in-directory": "d" });
    chmodSync(join(merged, "linked"), 0o644);
    const expected = [...seen(merged)].sort();
    execFileSync("umount", [merged]);
    t.equal(expected.length, 5, expected.join("\n"));
    t.strictSame(await listed([top, low]), expected);
  });

  t.test("layers that a kernel has made of random changes are read as it reads them", async (t) => {
    const directory = createDirectory(t);
    const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
    const random = randomOf(seed);
    const names = ["a", "b", "c"];
    const anyPath = (): string =>
      Array.from({ length: 1 + random(3) }, () => names[random(3)] ?? "a").join("/");
    const layers: string[] = [join(directory, "layer-0")];
    mkdirSync(layers[0] ?? "");
    for (let number = 1; number <= 8; number++) {
      const layer = join(directory, `layer-${number}`);
      mkdirSync(layer);
      const merged = mount(directory, layers, layer);
      for (let change = 0; change < 25; change++) alter(merged, random, anyPath);
      // One that no change reaches: chance may leave no other.
      lay(merged, { [`of-layer-${number}`]: "kept" });
      execFileSync("umount", [merged]);
      layers.unshift(layer);
    }
    const merged = mount(directory, layers);
    const expected = [...seen(merged)].sort();
    execFileSync("umount", [merged]);
    t.ok(expected.length >= 8, `SEED=${seed}`);
    t.strictSame(await listed(layers), expected, `SEED=${seed}`);
  });

  t.test("a container's root is not left by its mounts", async (t) => {
    const root = createDirectory(t);
    lay(root, { "bin/tool": "tool" });
    mkdirSync(join(root, "dev"));
    execFileSync("mount", ["-t", "tmpfs", "none", join(root, "dev")]);
    t.teardown(() => execFileSync("umount", ["-l", join(root, "dev")]));
    lay(root, { "dev/shm": "s" });
    writeFileSync(join(root, "hosts"), "");
    execFileSync("mount", ["--bind", "/bin/busybox", join(root, "hosts")]);
    t.teardown(() => execFileSync("umount", ["-l", join(root, "hosts")]));
    t.strictSame(await pathsOf(root), ["/bin/tool"]);
  });

  t.test(
    "a layer that remembers a rename, or has metadata only, is read as far as it tells",
    async (t) => {
      const directory = createDirectory(t);
      const [low, top] = ["low", "top"].map((name) => join(directory, name)) as [string, string];
      lay(low, { "was/tool": "tool", "bin/a": "a" });
      lay(top, { "is/own": "own", "bin/a": "\0" });
      const set = (name: string, value: string, path: string): void => {
        execFileSync("python3", [
          ...["-c", "import os,sys\nos.setxattr(sys.argv[1],sys.argv[2],sys.argv[3].encode())"],
          ...[join(top, path), `trusted.overlay.${name}`, value],
        ]);
      };
      set("redirect", "was", "is");
      lay(low, { "is/hidden": "hidden" });
      set("metacopy", "", "bin/a");
      const { files, skipped } = await list([top, low]);
      t.strictSame(files.map(({ path }) => path).sort(), ["/is/own", "/was/tool"]);
      t.strictSame(skipped, { ...noSkips, unreadable: 2 } satisfies ListSkips);
    },
  );
}

/** Numbers below `max` that follow from a seed (a linear congruence). */
function randomOf(seed: number): (max: number) => number {
  let state = seed;
  return (max) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * max);
  };
}

/** One change somewhere below `root`; some are not possible, and nothing happens. */
function alter(root: string, random: (max: number) => number, anyPath: () => string): void {
  const path = join(root, anyPath());
  try {
    const kind = random(7);
    if (kind <= 1) rmSync(path, { recursive: true });
    else if (kind === 2) renameSync(path, join(root, anyPath()));
    else if (kind === 3) linkSync(path, join(root, anyPath()));
    else if (kind === 4) symlinkSync("/bin", path);
    else lay(root, { [path.slice(root.length)]: String(random(1_000)) }, random(4) ? 0o755 : 0o644);
  } catch {
    return;
  }
}

function execFileAsync(script: string): Promise<void> {
  return new Promise((resolve) => {
    execFile("/bin/sh", ["-c", script], () => {
      resolve();
    });
  });
}
