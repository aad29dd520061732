// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import t, { type TAP } from "tap";
import { loadBinding } from "../../daemon/kernel/binding.ts";
import { parseStat, parseStatus } from "../../daemon/tracer/proc-text.ts";

const binding = loadBinding();
const { ENOENT, EINVAL, EFBIG, ELOOP, ESRCH, ENOTDIR, ECONNREFUSED } = constants.errno;
/** More than any pid (proc(5), pid_max). */
const noPid = 4_194_305;

/** A directory of the test's own. */
function createDirectory(t: Pick<TAP, "teardown">): string {
  const directory = mkdtempSync(join(tmpdir(), "execwarden-calls-"));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

/** A child that sleeps, and when it started. */
async function startChild(t: Pick<TAP, "teardown">) {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  t.teardown(() => child.kill("SIGKILL"));
  await once(child, "spawn");
  const pid = child.pid ?? 0;
  const startTicks = parseStat(readFileSync(`/proc/${pid}/stat`, "latin1"))?.startTicks ?? 0n;
  return { child, pid, startTicks };
}

t.test("a process is killed when it is the one that was meant", async (t) => {
  const { child, pid, startTicks } = await startChild(t);
  const exited = once(child, "exit");
  t.equal(binding.killProcess(pid, startTicks), 0);
  t.strictSame(await exited, [null, "SIGKILL"]);
  t.equal(binding.killProcess(pid, startTicks), ESRCH, "and is gone then");
});

for (const [name, change] of [
  ["started later", 1n],
  ["started before", -1n],
  ["started at a time that the kernel does not have", 1n << 63n],
] as const) {
  t.test(`a process that has the pid, but ${name}, is left alone`, async (t) => {
    const { child, pid, startTicks } = await startChild(t);
    t.equal(binding.killProcess(pid, startTicks + change), ESRCH);
    t.equal(child.kill(0), true, "still there");
    t.match(readFileSync(`/proc/${pid}/status`, "latin1"), /\nState:\t[SR]/);
  });
}

/** A shell that starts `script`, and the pids that the script prints, one a line, until "ready". */
async function startTree(t: Pick<TAP, "teardown">, script: string) {
  const child = spawn("sh", ["-c", `${script}; echo ready; wait`], {
    stdio: ["ignore", "pipe", "ignore"],
    // A session of its own.
    detached: true,
  });
  t.teardown(() => {
    child.kill("SIGKILL");
    child.stdout.destroy();
  });
  let text = "";
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.includes("ready")) break;
  }
  const pid = child.pid ?? 0;
  const startTicks = parseStat(readFileSync(`/proc/${pid}/stat`, "latin1"))?.startTicks ?? 0n;
  const pids = text
    .split("\n")
    .map(Number)
    .filter((one) => one > 0);
  return { pid, startTicks, pids };
}

/** Running, not only waiting to be noticed. */
function isAlive(pid: number): boolean {
  try {
    return !/\nState:\t[ZX]/.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
}

t.test("a process is killed with all that descends from it, and nothing else", async (t) => {
  const bystander = await startChild(t);
  const nested = "sh -c 'sleep 600 & echo $!; sleep 600 & echo $!; wait' & echo $!";
  const { pid, startTicks, pids } = await startTree(t, `${nested}; sleep 0.3; sleep 600 & echo $!`);
  t.equal(pids.length, 4);
  t.strictSame(await binding.killProcessTree(pid, startTicks), [0, 5, true]);
  t.strictSame([pid, ...pids].filter(isAlive), []);
  t.ok(isAlive(bystander.pid));
  t.equal((await binding.killProcessTree(pid, startTicks))[0], ESRCH);
});

t.test("what is forked while it is being killed is found too", async (t) => {
  // Each of them replaces itself by two that live shortly, as fast as it can.
  const forker = "while :; do sleep 0.01 & sleep 0.02 & wait; done";
  const { pid, startTicks } = await startTree(t, `${`sh -c '${forker}' & `.repeat(8)} :`);
  const [errno, killed, isComplete] = await binding.killProcessTree(pid, startTicks);
  t.strictSame([errno, isComplete], [0, true]);
  t.ok(killed >= 9, `${killed} killed`);
  // Its session was its own: whoever is left of it is a leak.
  const left = readdirSync("/proc")
    .map(Number)
    .filter((one) => one > 0 && isAlive(one) && sessionOf(one) === pid);
  t.strictSame(left, []);
});

function sessionOf(pid: number): number | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "latin1"))?.sid;
  } catch {
    return undefined;
  }
}

t.test("a tree whose first process is another one is left alone", async (t) => {
  const { pid, startTicks } = await startChild(t);
  t.equal((await binding.killProcessTree(pid, startTicks + 1n))[0], ESRCH);
  t.equal((await binding.killProcessTree(noPid, 1n))[0], ESRCH);
  t.equal((await binding.killProcessTree(0, 1n))[0], EINVAL);
  t.equal((await binding.killProcessTree(pid, 1n << 64n))[0], EINVAL);
  t.ok(isAlive(pid));
});

for (const [name, pid, startTicks, errno] of [
  ["nobody has the pid", noPid, 1n, ESRCH],
  ["0 is no pid", 0, 1n, EINVAL],
  ["nor is -1, which would be everybody", -1, 1n, EINVAL],
  ["a start time that is no 64-bit number", process.pid, 1n << 64n, EINVAL],
  ["a start time below zero", process.pid, -1n, EINVAL],
] as const) {
  t.test(`nothing is killed: ${name}`, (t) => {
    t.equal(binding.killProcess(pid, startTicks), errno);
    t.end();
  });
}

t.test("this process, as the kernel tells of it", (t) => {
  const [status, stat, exe, argv] = binding.readProcess(process.pid);
  t.match(parseStatus(status.toString("latin1")), { pid: process.pid, uid: process.geteuid?.() });
  t.match(parseStat(stat.toString("latin1")), { ppid: process.ppid });
  t.equal(exe.toString(), realpathSync(process.execPath));
  t.strictSame(argv, readFileSync("/proc/self/cmdline").subarray(0, 4096));
  t.end();
});

t.test("a very long argv is cut, and the rest of the process is there", async (t) => {
  const child = spawn("sh", ["-c", "read line", "x".repeat(10_000)], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  t.teardown(() => child.kill("SIGKILL"));
  await once(child, "spawn");
  const [status, , , argv] = binding.readProcess(child.pid ?? 0);
  t.equal(argv.length, 4096);
  t.match(argv.toString("latin1"), /^sh\0-c\0read line\0xxx/);
  t.equal(parseStatus(status.toString("latin1"))?.pid, child.pid);
});

t.test("thousands of supplementary groups push nothing out", async (t) => {
  if (process.getuid?.() !== 0) {
    t.plan(0, "setting groups needs root");
    return;
  }
  const script = 'import os; os.setgroups(range(1, 5000)); print("ready", flush=True); input()';
  const child = spawn("python3", ["-c", script], { stdio: ["pipe", "pipe", "inherit"] });
  t.teardown(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const status = binding.readProcess(child.pid ?? 0)[0].toString("latin1");
  t.notMatch(status, "Groups:");
  t.match(status, /\nNSsid:\t/);
  t.ok((parseStatus(status)?.capEffective ?? 0n) > 0n, "capabilities stand behind the groups");
});

for (const [name, pid] of [
  ["of nobody", noPid],
  ["of pid 0", 0],
] as const) {
  t.test(`a process ${name} is empty`, (t) => {
    t.strictSame(
      binding.readProcess(pid).map(({ length }) => length),
      [0, 0, 0, 0],
    );
    t.end();
  });
}

t.test("a process that has ended, but not been waited for, has no program any more", async (t) => {
  // The shell replaces itself by a sleep that never waits for the child it inherits.
  const parent = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 60"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.teardown(() => parent.kill("SIGKILL"));
  const [line] = (await once(parent.stdout, "data")) as [Buffer];
  const pid = Number(line.toString());
  const giveUpMs = performance.now() + 60_000;
  let told = binding.readProcess(pid);
  while (!told[0].includes("\nState:\tZ") && performance.now() < giveUpMs) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    told = binding.readProcess(pid);
  }
  t.equal(parseStatus(told[0].toString("latin1"))?.pid, pid);
  t.strictSame([told[2].length, told[3].length], [0, 0]);
});

t.test("files below a root", async (t) => {
  const directory = createDirectory(t);
  const root = join(directory, "root");
  mkdirSync(join(root, "etc/sub"), { recursive: true });
  writeFileSync(join(directory, "secret"), "outside");
  writeFileSync(join(root, "etc/passwd"), "inside");
  writeFileSync(join(root, "secret"), "decoy");
  writeFileSync(join(root, "empty"), "");
  writeFileSync(join(root, "bytes"), Buffer.from([0xff, 0, 0xfe]));
  for (const [name, target] of [
    ["absolute", "/etc/passwd"],
    ["relative", "etc/passwd"],
    ["upwards", "../../../../../../../../../../../../secret"],
    ["far", join(directory, "secret")],
    ["etc/sub/up", "../../../secret"],
    ["parent", ".."],
    ["loop", "loop"],
    ["dangling", "nowhere"],
    ["host", "/proc/self/root"],
  ] as const) {
    symlinkSync(target, join(root, name));
  }
  execFileSync("mkfifo", [join(root, "fifo")]);
  symlinkSync("fifo", join(root, "to-fifo"));

  const rows: readonly [name: string, path: string, expected: string | number][] = [
    ["a file", "/etc/passwd", "inside"],
    ["a path without a leading slash", "etc/passwd", "inside"],
    ["an empty file", "/empty", ""],
    ["a link to an absolute path leads inside", "/absolute", "inside"],
    ["a relative link", "/relative", "inside"],
    ["a link that climbs ends at the root", "/upwards", "decoy"],
    ["a link that climbs from below", "/etc/sub/up", "decoy"],
    ["a path that climbs", "/../../../../../../secret", "decoy"],
    ["a directory link that climbs", "/parent/secret", "decoy"],
    ["a link to where the file is on the host", "/far", ENOENT],
    ["there is no /proc below it", "/host/etc/passwd", ENOENT],
    ["no such file", "/nowhere", ENOENT],
    ["a link that leads nowhere", "/dangling", ENOENT],
    ["a link to itself", "/loop", ELOOP],
    ["a file is no directory", "/etc/passwd/x", ENOTDIR],
    ["a directory is no file", "/etc", EINVAL],
    ["a fifo is none, and is not waited for", "/fifo", EINVAL],
    ["nor is a link to one", "/to-fifo", EINVAL],
  ];
  for (const [name, path, expected] of rows) {
    await t.test(name, async (t) => {
      const content = await binding.readInRoot(root, path, 100);
      t.equal(typeof content === "number" ? content : content.toString("latin1"), expected);
    });
  }

  for (const [name, sizeMax, expected] of [
    ["a file that just fits", 3, Buffer.from([0xff, 0, 0xfe])],
    ["a file that is one byte too large", 2, EFBIG],
  ] as const) {
    await t.test(name, async (t) => {
      t.strictSame(await binding.readInRoot(root, "/bytes", sizeMax), expected);
    });
  }

  await t.test("the links of procfs that lead anywhere lead nowhere", async (t) => {
    t.equal(await binding.readInRoot("/", "/proc/self/root/etc/passwd", 1 << 20), ELOOP);
  });

  await t.test("a root that is gone", async (t) => {
    t.equal(await binding.readInRoot(join(directory, "gone"), "/etc/passwd", 100), ENOENT);
    t.equal(await binding.readInRoot(join(root, "empty"), "/etc/passwd", 100), ENOTDIR);
  });
});

/** Binds a datagram socket, says so, and prints what comes as one line of JSON. */
const receiver = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace("@", "\\0", 1) if sys.argv[1][0] == "@" else sys.argv[1])
print("ready", flush=True)
print(json.dumps(s.recv(4096).decode()), flush=True)
`;

/** A datagram socket of another process: Node has none. */
async function listen(t: Pick<TAP, "teardown">, address: string) {
  const child = spawn("python3", ["-c", receiver, address], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return {
    async received(): Promise<unknown> {
      const chunks = (await child.stdout.toArray()) as Buffer[];
      return JSON.parse(Buffer.concat(chunks).toString());
    },
  };
}

t.test("the service manager is told, by a path or an abstract name", async (t) => {
  const directory = createDirectory(t);
  for (const address of [join(directory, "notify"), `@execwarden-test-${process.pid}`]) {
    const manager = await listen(t, address);
    t.equal(binding.notifyServiceManager(address, "READY=1\nSTATUS=größer"), 0);
    t.equal(await manager.received(), "READY=1\nSTATUS=größer", address);
  }
});

t.test("a service manager that does not listen is an error, not an exception", (t) => {
  const directory = createDirectory(t);
  for (const [name, address, errno] of [
    ["no socket there", join(directory, "none"), ENOENT],
    ["nobody has the abstract name", `@execwarden-nobody-${process.pid}`, ECONNREFUSED],
    ["no address", "", EINVAL],
    ["an address that is too long", `/${"x".repeat(200)}`, EINVAL],
  ] as const) {
    t.equal(binding.notifyServiceManager(address, "READY=1"), errno, name);
  }
  t.end();
});
