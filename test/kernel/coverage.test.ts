// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { Binding } from "../../daemon/kernel/binding.ts";
import { Coverage } from "../../daemon/kernel/coverage.ts";
import { Gate } from "../../daemon/kernel/gate.ts";
import { createRecordingLog } from "../support/recording-log.ts";

const pid = 77;

/** One line of a mount table. */
function line(device: string, point: string, type: string): string {
  return `1 0 ${device} / ${point} rw - ${type} none rw`;
}

interface SetUp {
  readonly host?: readonly string[] | undefined;
  readonly container?: readonly string[] | undefined;
  /** Errno of marking a place, by its path. */
  readonly errnos?: Readonly<Record<string, number>>;
}

/** A coverage on a gate that notes its marks: `/proc/77/root /data 0:9 filesystem`. */
function setUp(options: SetUp = {}) {
  const marks: string[] = [];
  const told: string[] = [];
  const gate: { roots: (number | Buffer)[] } = { roots: [] };
  const { log, lines } = createRecordingLog();
  const binding: Pick<Binding, "gateMark" | "gateRoots"> = {
    gateMark(...[, root, path, major, minor, isWhole]) {
      const point = Buffer.from(path).toString("latin1");
      marks.push(`${root} ${point} ${major}:${minor} ${isWhole ? "filesystem" : "mount"}`);
      const errno = options.errnos?.[point] ?? 0;
      return [errno, errno === 0 ? "" : "fanotify_mark"];
    },
    gateRoots: () => gate.roots,
  };
  const coverage = new Coverage({
    // What is called beyond these two is missed at once.
    gate: new Gate(binding as Binding, 1),
    log,
    readMountinfo(path) {
      const table = path === "/proc/self/mountinfo" ? options.host : options.container;
      const isKnown = path === "/proc/self/mountinfo" || path === `/proc/${pid}/mountinfo`;
      return isKnown ? table?.join("\n") : undefined;
    },
    events: {
      onRoot: ({ device, generation, point }) => told.push(`+${device}/${generation} ${point}`),
      onRootGone: ({ device, generation }) => told.push(`-${device}/${generation}`),
    },
  });
  /** What was told since the last look. */
  const news = (): readonly string[] => told.splice(0);
  return { coverage, marks, gate, news, lines };
}

const host = [line("8:1", "/", "ext4"), line("0:5", "/proc", "proc"), line("0:6", "/run", "tmpfs")];

const rows: readonly [
  name: string,
  container: readonly string[],
  marks: readonly string[],
  devices: readonly number[],
][] = [
  [
    "a tmpfs of its own is marked whole",
    [line("0:9", "/tmp", "tmpfs")],
    ["/proc/77/root /tmp 0:9 filesystem"],
    [9],
  ],
  [
    "a bind mount of the host's filesystem as that mount only",
    [line("8:1", "/data", "ext4"), line("0:6", "/run/x", "tmpfs")],
    ["/proc/77/root /data 8:1 mount", "/proc/77/root /run/x 0:6 mount"],
    [],
  ],
  [
    "a volume on another disk is marked whole, once as a superblock",
    [line("8:17", "/a", "xfs"), line("8:17", "/b", "xfs")],
    ["/proc/77/root /a 8:17 filesystem", "/proc/77/root /b 8:17 filesystem"],
    [8 * 2 ** 20 + 17],
  ],
  [
    "a path with blanks and bytes that are not UTF-8",
    [line("0:9", "/a\\040\xff", "tmpfs")],
    ["/proc/77/root /a \xff 0:9 filesystem"],
    [9],
  ],
  [
    "nothing can be executed from the kernel's own filesystems",
    ["proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue"].map((type) =>
      line("0:9", "/x", type),
    ),
    [],
    [],
  ],
  ["its root is marked by the native thread", [line("0:42", "/", "overlay")], [], []],
];

for (const [name, container, marks, devices] of rows) {
  t.test(`the places of a container: ${name}`, (t) => {
    const { coverage, gate, ...seen } = setUp({ host, container });
    gate.roots = [0, 42, 1, Buffer.from("/w/merged")];
    t.strictSame(coverage.cover(pid), { devices, unmarked: [] });
    t.strictSame(seen.marks, marks);
    t.strictSame(seen.lines, []);
    t.end();
  });
}

t.test("a process that is gone has no places", (t) => {
  const { coverage, marks } = setUp({ host });
  t.strictSame(coverage.cover(pid), { devices: [], unmarked: [] });
  t.strictSame(marks, []);
  t.end();
});

t.test("when the host's own table cannot be read nothing is marked whole", (t) => {
  const { coverage, marks } = setUp({ container: [line("8:1", "/data", "ext4")] });
  t.strictSame(coverage.cover(pid), { devices: [], unmarked: [] });
  t.strictSame(marks, ["/proc/77/root /data 8:1 mount"]);
  t.end();
});

for (const [name, errno, warnings] of [
  ["unmounted meanwhile (ENOENT)", 2, 0],
  ["another filesystem by now (ESTALE)", 116, 0],
  ["refused (EPERM)", 1, 1],
] as const) {
  t.test(`a place that cannot be marked: ${name}`, (t) => {
    const { coverage, lines } = setUp({
      host,
      container: [line("0:9", "/a", "fuse"), line("0:10", "/b", "tmpfs")],
      errnos: { "/a": errno },
    });
    t.strictSame(coverage.cover(pid).devices, [10], "the others are marked");
    t.equal(lines.length, warnings);
    if (warnings > 0) {
      t.match(lines, [
        {
          level: "warn",
          fields: {
            place: "/a",
            filesystem: "fuse",
            device: "0:9",
            errno,
            syscall: "fanotify_mark",
          },
        },
      ]);
    }
    t.end();
  });
}

t.test("a shared place that could not be marked is none", (t) => {
  const { coverage } = setUp({
    host,
    container: [line("8:1", "/a", "ext4")],
    errnos: { "/a": 116 },
  });
  t.strictSame(coverage.cover(pid), { devices: [], unmarked: [] });
  t.end();
});

t.test("very many mounts are looked at up to a bound, and it is said", (t) => {
  const container = Array.from({ length: 4_100 }, (_, index) =>
    line(`0:${index + 100}`, "/m", "tmpfs"),
  );
  const { coverage, lines } = setUp({ host, container });
  t.equal(coverage.cover(pid).devices.length, 4_096);
  t.match(lines, [{ level: "warn", fields: { pid, mounts: 4_100, guarded: 4_096 } }]);
  t.end();
});

t.test("roots that come and go are told once, in each of their lives", (t) => {
  const { coverage, gate, news } = setUp();
  const web = [0, 42, 1, Buffer.from("/w/merged")];
  const db = [0, 43, 2, Buffer.from("/d/\xff", "latin1")];
  gate.roots = [...web, ...db];
  coverage.update();
  t.strictSame(news(), ["+42/1 /w/merged", "+43/2 /d/\xff"]);
  coverage.update();
  t.strictSame(news(), []);
  gate.roots = [...db];
  coverage.update();
  t.strictSame(news(), ["-42/1"]);
  gate.roots = [0, 42, 3, Buffer.from("/other"), 0, 43, 4, Buffer.from("/d/x")];
  coverage.update();
  t.strictSame(news(), ["-43/2", "+42/3 /other", "+43/4 /d/x"], "the old life ends first");
  t.end();
});

t.test("covering tells of new roots first", (t) => {
  const { coverage, gate, news } = setUp({ host, container: [] });
  gate.roots = [0, 42, 1, Buffer.from("/w/merged")];
  coverage.cover(pid);
  t.strictSame(news(), ["+42/1 /w/merged"]);
  t.end();
});
