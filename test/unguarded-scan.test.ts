// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { FoundFile } from "../daemon/host/processes.ts";
import type { Container } from "../daemon/model/container.ts";
import { scanUnguarded, type scanLimits } from "../daemon/unguarded-scan.ts";
import { blindFromTicks } from "../daemon/unguarded.ts";
import { container, hex64 } from "./policy/samples.ts";
import { sampleProcess } from "./rules/sample-event.ts";

const id = hex64("c");
const rootDevice = 42;
const shipped: FoundFile = {
  ...{ device: rootDevice, inode: 1n, isOnRoot: true, mode: 0o100755, uid: 0, gid: 0 },
  ...{ size: 10, mtimeNs: 1n, ctimeNs: 1n },
};

/** A process as the test has it. */
interface Sample {
  readonly pid: number;
  readonly ticks?: number;
  readonly ppid?: number;
  readonly exepath?: string;
  /** Where its stack is. */
  readonly stack?: number;
  readonly cgroup?: string;
  readonly file?: Partial<FoundFile> | "gone";
}

/** field 3 onwards: ppid is the fourth, starttime the 22nd, startstack the 28th. */
function statOf({ pid, ticks = 500, ppid = 1, stack = pid }: Sample): string {
  const fields = ["S", ppid, ...Array<number>(17).fill(0), ticks, 0, 0, 0, 0, 0, stack, 0, 0];
  return `${pid} (a) b) ${fields.join(" ")}`;
}

async function scan(
  samples: readonly Sample[],
  options: { readonly limits?: Partial<typeof scanLimits>; readonly known?: Container } = {},
) {
  const hashed: number[] = [];
  const find = (pid: number): Sample | undefined => samples.find((sample) => sample.pid === pid);
  const made = await scanUnguarded(
    {
      source: {
        pids: () => Promise.resolve(samples.map(({ pid }) => pid)),
        text(pid, name) {
          const sample = find(pid);
          if (name === "loginuid") return "1000\n";
          return sample === undefined ? undefined : statOf(sample);
        },
        cwd: () => "/work",
        file(pid) {
          const file = find(pid)?.file ?? {};
          return Promise.resolve(file === "gone" ? undefined : { ...shipped, ...file });
        },
        digest(pid) {
          hashed.push(pid);
          return Promise.resolve("ab".repeat(32));
        },
      },
      readFacts(pid) {
        const sample = find(pid);
        const { exepath = `/bin/${pid}`, ppid = 1 } = sample ?? {};
        return sample && sampleProcess({ pid, ppid, exepath, argv: ["a", "b"] });
      },
      readCgroup: (pid) => find(pid)?.cgroup ?? `0::/docker/${id}`,
      isRoot: (device) => device === rootDevice,
      container: (wanted) => (wanted === id ? options.known : undefined),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    },
    500n,
  );
  return { ...made, hashed, pids: made.programs.map(({ process }) => process.pid) };
}

const known = container({ id, createdNs: 100n });

t.test("what began in the time, in a container", async (t) => {
  const {
    pids,
    programs,
    scan: counts,
  } = await scan(
    [
      { pid: 10, ticks: 499 },
      { pid: 11, ticks: 500 },
      { pid: 12, cgroup: "0::/user.slice", file: { device: 7 } },
      { pid: 13, cgroup: "0::/user.slice" },
      { pid: 14, file: "gone" },
      { pid: 15, exepath: "/memfd:runc_cloned:/proc/self/exe (deleted)" },
    ],
    { known },
  );
  t.strictSame(pids, [11, 13], "by the control group, or by the root that its program is on");
  t.strictSame(counts, { found: 2, forks: 0, unreadable: 1, beyond: 0 });
  t.match(programs[0], {
    process: { pid: 11, exe: "a", cwd: "/work", loginuid: 1000, env: [] },
    cgroupIds: [id],
    file: { path: "/bin/11", inode: 1n },
  });
  t.equal(programs[0]?.sha256, undefined, "the image ships it");
});

t.test("a copy of its parent started no program", async (t) => {
  const { pids, scan: counts } = await scan([
    { pid: 20, ticks: 1, exepath: "/bin/sh", stack: 77 },
    { pid: 21, ppid: 20, exepath: "/bin/sh", stack: 77 },
    { pid: 22, ppid: 20, exepath: "/bin/sh", stack: 78 },
    { pid: 23, ppid: 20, exepath: "/bin/other", stack: 77 },
    { pid: 24, ppid: 9, exepath: "/bin/sh", stack: 77 },
  ]);
  t.strictSame(pids, [22, 23, 24], "another stack, another program, a parent that is gone");
  t.equal(counts.forks, 1);
});

t.test("a file that was deleted has its path; what is not the image's its digest", async (t) => {
  const { programs, hashed } = await scan(
    [
      { pid: 30, exepath: "/tmp/x (deleted)", file: { ctimeNs: 100n } },
      { pid: 31, file: { isOnRoot: false } },
      { pid: 32, file: { ctimeNs: 100n, size: (64 << 20) + 1 } },
      { pid: 33 },
    ],
    { known },
  );
  t.equal(programs[0]?.process.exepath, "/tmp/x");
  t.strictSame(hashed, [30, 31]);
  t.equal(programs[1]?.sha256, "ab".repeat(32));
});

t.test("bounded in processes, files and bytes", async (t) => {
  const many = Array.from({ length: 10 }, (_, index) => ({ pid: 40 + index }));
  const {
    pids,
    scan: counts,
    hashed,
  } = await scan(many, {
    limits: { processesMax: 7, digestsMax: 5, digestBytesMax: 30 },
  });
  t.equal(pids.length, 7);
  t.match(counts, { found: 7, beyond: 3 });
  t.strictSame(hashed, [40, 41, 42], "ten bytes each");
  t.equal((await scan(many, { limits: { digestsMax: 2 } })).hashed.length, 2);
});

t.test("since when nobody guarded, in clock ticks after boot", (t) => {
  const now = { bootId: "b", nowMs: 100_000, uptimeMs: 50_000 };
  const last = { bootId: "b", beatMs: 90_000, isStopped: false };
  t.equal(blindFromTicks({ ...last, uptimeMs: 41_239 }, now), 4_123n);
  t.equal(blindFromTicks(last, now), 4_000n, "by the wall clock, where it does not say");
  t.equal(blindFromTicks({ ...last, beatMs: 1 }, now), 0n);
  t.equal(blindFromTicks({ ...last, bootId: "a", uptimeMs: 41_239 }, now), 0n, "all of this boot");
  t.end();
});
