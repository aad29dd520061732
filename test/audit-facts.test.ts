// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { holderOf } from "../daemon/audit-facts.ts";
import type { ProcessFacts } from "../daemon/enrich/process-tree.ts";
import type { AuditExec } from "../daemon/tracer/audit-exec.ts";

const memfd = "/memfd:payload (deleted)";
const audit = { timeMs: 1_000, pid: 10, ppid: 9, exe: memfd } as AuditExec;
const ids = { own: "a".repeat(64), parent: "b".repeat(64) };

function factsOf(pid: number, startMs: number, exepath: string): ProcessFacts {
  const startNs = BigInt(startMs) * 1_000_000n;
  return { pid, exepath, startNs, startTicks: BigInt(startMs / 10) } as ProcessFacts;
}

/** What is found when the pid has this holder now. */
function found(holder: ProcessFacts | undefined) {
  return holderOf(audit, {
    readProcess: (pid) => (pid === 10 ? holder : factsOf(9, 500, "/bin/sh")),
    readCgroup: (pid) => `0::/docker/${pid === 10 ? ids.own : ids.parent}\n`,
  });
}

t.test("whoever has the pid now is asked only when it made the call", (t) => {
  const rows = [
    ["started long before", factsOf(10, 900, "/bin/sh"), true],
    ["just before, by the steps of the clocks", factsOf(10, 980, "/bin/sh"), true],
    ["about then, and still runs the program", factsOf(10, 990, memfd), true],
    ["about then, and runs another", factsOf(10, 990, "/bin/sleep"), false],
    ["started later", factsOf(10, 1_020, "/bin/sleep"), false],
    ["gone", undefined, false],
  ] as const;
  for (const [name, holder, isSame] of rows) {
    const { facts, keys, cgroupIds } = found(holder);
    t.equal(facts, isSame ? holder : undefined, name);
    t.strictSame(cgroupIds, isSame ? [ids.own, ids.parent] : [ids.parent], name);
    const own = isSame ? { pid: 10, startTicks: holder.startTicks } : { pid: 10 };
    t.strictSame(keys, [own, { pid: 9, startTicks: 50n }], name);
  }
  t.end();
});
