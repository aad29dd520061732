// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import {
  ProcessTree,
  type ProcessFacts,
  type ProcessTreeLimits,
} from "../../daemon/enrich/process-tree.ts";
import type { Process } from "../../daemon/model/process.ts";
import { sampleProcess } from "../rules/sample-event.ts";

const unbounded: ProcessTreeLimits = { processesMax: 1_000, bytesMax: 1 << 20, depthMax: 32 };

/** What /proc tells of a process. */
function facts(changes: Partial<ProcessFacts> & { readonly pid: number }): ProcessFacts {
  return { ...sampleProcess({ ppid: 0, argv: ["sh"], ...changes }), ...changes };
}

/** A tree over processes that /proc knows; which of those were read is told. */
function plant(known: readonly ProcessFacts[], limits: Partial<ProcessTreeLimits> = {}) {
  const read: number[] = [];
  const tree = new ProcessTree(
    (pid) => {
      read.push(pid);
      return known.find((process) => process.pid === pid);
    },
    { ...unbounded, ...limits },
  );
  return { tree, read };
}

/** Pids from a process to its oldest known ancestor. */
function pidsAbove(process: Process | undefined): readonly number[] {
  return process === undefined ? [] : [process.pid, ...pidsAbove(process.parent)];
}

const shell = sampleProcess({ pid: 60, comm: "sh", startTicks: 5n });

const lookups: readonly [
  name: string,
  key: { readonly pid: number; readonly startTicks?: bigint },
  comm: string | undefined,
  read: readonly number[],
][] = [
  ["one that did an exec is known", { pid: 60, startTicks: 5n }, "sh", []],
  ["also when its start is not", { pid: 60 }, "sh", []],
  ["its number in another life is read from /proc", { pid: 60, startTicks: 6n }, "reused", [60]],
  ["one that nobody has seen is read from /proc", { pid: 61, startTicks: 7n }, "cron", [61]],
  ["also when its start is not known", { pid: 61 }, "cron", [61]],
  ["one that is gone is not made up", { pid: 62 }, undefined, [62]],
  ["/proc has another life of the number", { pid: 61, startTicks: 1n }, undefined, [61]],
  ["the kernel's own parent is none", { pid: 0 }, undefined, []],
];

for (const [name, key, comm, reads] of lookups) {
  t.test(`a parent: ${name}`, (t) => {
    const { tree, read } = plant([
      facts({ pid: 60, comm: "reused", startTicks: 6n }),
      facts({ pid: 61, comm: "cron", startTicks: 7n }),
    ]);
    tree.add(shell);
    t.equal(tree.parent(key)?.comm, comm);
    t.strictSame(read, reads);
    t.end();
  });
}

t.test("what was read from /proc is read once, with all its ancestors", (t) => {
  const { tree, read } = plant([
    facts({ pid: 3, ppid: 2, comm: "c" }),
    facts({ pid: 2, ppid: 1, comm: "b" }),
    facts({ pid: 1, ppid: 0, comm: "a" }),
  ]);
  t.strictSame(pidsAbove(tree.parent({ pid: 3 })), [3, 2, 1]);
  t.strictSame(pidsAbove(tree.parent({ pid: 2 })), [2, 1]);
  t.strictSame(read, [3, 2, 1]);
  t.equal(tree.size, 3);
  t.end();
});

for (const [name, changes, env] of [
  ["a fork has its parent's environment", {}, ["A=1"]],
  ["another name is another program", { comm: "bash" }, []],
  ["another file is another program", { exepath: "/bin/dash" }, []],
] as const) {
  t.test(`no exec seen: ${name}`, (t) => {
    const { tree } = plant([facts({ pid: 61, ppid: 60, ...changes })]);
    tree.add({ ...shell, env: ["A=1"] });
    const fork = tree.parent({ pid: 61 });
    t.strictSame(fork?.env, env);
    t.match(fork, { exe: "sh", parent: { pid: 60 } });
    t.end();
  });
}

t.test("a loop in what /proc tells ends at the depth that is kept", (t) => {
  const { tree, read } = plant([facts({ pid: 1, ppid: 2 }), facts({ pid: 2, ppid: 1 })], {
    depthMax: 4,
  });
  t.strictSame(pidsAbove(tree.parent({ pid: 1 })), [1, 2, 1, 2]);
  t.equal(read.length, 4);
  t.end();
});

t.test("an exec of the same process takes the place of the one before", (t) => {
  const { tree } = plant([]);
  tree.add(shell);
  tree.add(sampleProcess({ pid: 60, comm: "curl", startTicks: 5n }));
  t.equal(tree.size, 1);
  t.equal(tree.parent({ pid: 60, startTicks: 5n })?.comm, "curl");
  t.end();
});

t.test("beyond the number of processes that are kept the oldest is forgotten", (t) => {
  const { tree } = plant([], { processesMax: 3 });
  for (const pid of [1, 2, 3]) tree.add(sampleProcess({ pid }));
  tree.add(sampleProcess({ pid: 1 }));
  tree.add(sampleProcess({ pid: 4 }));
  t.strictSame(
    [1, 2, 3, 4].map((pid) => tree.parent({ pid }) !== undefined),
    [true, false, true, true],
  );
  t.end();
});

t.test("beyond the bytes that are kept the oldest is forgotten, and bytes are given back", (t) => {
  const { tree } = plant([], { bytesMax: 10_000 });
  const big = (pid: number) =>
    sampleProcess({ pid, argv: ["x".repeat(2_000)], env: ["y".repeat(2_000)] });
  tree.add(big(1));
  tree.add(big(2));
  t.equal(tree.size, 2);
  for (let round = 0; round < 100; round++) tree.add(big(2));
  t.equal(tree.size, 2, "a process that is replaced does not count twice");
  tree.add(big(3));
  t.equal(tree.parent({ pid: 1 }), undefined);
  t.equal(tree.size, 2);
  t.end();
});

t.test("a chain of processes that each start the next and end does not grow for ever", (t) => {
  const { tree } = plant([], { depthMax: 8 });
  for (let pid = 1; pid <= 1_000; pid++) {
    const parent = pid === 1 ? undefined : tree.parent({ pid: pid - 1 });
    tree.add(sampleProcess({ pid, ...(parent === undefined ? {} : { parent }) }));
    const { length } = pidsAbove(tree.parent({ pid }));
    if (length > 16 || length < Math.min(pid, 8)) t.fail(`${length} ancestors at ${pid}`);
  }
  t.strictSame(
    pidsAbove(tree.parent({ pid: 1_000 })).slice(0, 8),
    [1_000, 999, 998, 997, 996, 995, 994, 993],
  );
  t.end();
});
