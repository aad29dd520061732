// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { AuditExec } from "../../daemon/tracer/audit-exec.ts";
import { Join, type JudgedCall } from "../../daemon/tracer/join.ts";

const memfdDevice = 1;
const diskDevice = 45;
const file = { name: "/bin/ls", device: diskDevice, inode: 7, mode: 0o100755, uid: 0, gid: 0 };

function audit(changes: Partial<AuditExec> = {}): AuditExec {
  return {
    ...{ timeMs: 1_000, serial: 1, syscall: "execve", errno: 0, call: "a b", pid: 10, ppid: 1 },
    ...{ uid: 0, gid: 0, comm: "ls", exe: "/bin/ls", argv: ["ls", "-l"], files: [file] },
    ...changes,
  };
}

function judged(changes: Partial<JudgedCall<string>> = {}): JudgedCall<string> {
  return {
    ...{ pid: 10, call: "a b", timeMs: 1_001, argv: ["ls", "-l"], isScript: false, subject: "s" },
    ...changes,
  };
}

const inMemory = { files: [{ ...file, device: memfdDevice }] };
/** What becomes of one exec with two views; the order in which they come does not matter. */
const pairs: readonly (readonly [string, JudgedCall<string>, AuditExec, string])[] = [
  ["the same", judged(), audit(), "agreed"],
  ["other arguments", judged(), audit({ argv: ["ls", "-la"] }), "argv-changed"],
  ["one argument more", judged(), audit({ argv: ["ls", "-l", "x"] }), "argv-changed"],
  ["an empty argv is one empty string", judged({ argv: [] }), audit({ argv: [""] }), "agreed"],
  ["arguments that the gate could not read", withoutArgv(), audit(), "agreed"],
  [
    "a script",
    judged({ argv: ["./s", "x"], isScript: true }),
    audit({ argv: ["/bin/sh", "./s", "x"] }),
    "agreed",
  ],
  ["registers that are unknown", judged({ call: "" }), audit(), "agreed"],
  ["read just before audit's coarse clock", judged({ timeMs: 990 }), audit(), "agreed"],
];

function withoutArgv(): JudgedCall<string> {
  const { argv: _argv, ...rest } = judged();
  return rest;
}

t.test("two views of one exec", (t) => {
  for (const [name, call, record, kind] of pairs) {
    const first = new Join<string>(() => memfdDevice);
    t.equal(first.judged(call, 0), undefined);
    t.equal(first.recorded(record, 1)?.kind, kind, `${name}: the gate is first`);
    t.equal(first.waiting, 0);
    const second = new Join<string>(() => memfdDevice);
    t.equal(second.recorded(record, 0), undefined);
    t.equal(second.judged(call, 1)?.kind, kind, `${name}: audit is first`);
    t.equal(second.waiting, 0);
  }
  t.end();
});

t.test("views that do not belong together wait, and are told when time is over", (t) => {
  const others: readonly (readonly [string, AuditExec])[] = [
    ["another process", audit({ pid: 11 })],
    ["another call of the process", audit({ call: "c d" })],
    ["a call that began after the gate saw it", audit({ timeMs: 1_017 })],
    ["a call of long ago", audit({ timeMs: -30_000 })],
  ];
  for (const [name, record] of others) {
    const join = new Join<string>(() => memfdDevice);
    join.judged(judged(), 0);
    t.equal(join.recorded(record, 0), undefined, name);
    t.equal(join.waiting, 2);
    t.strictSame(join.sweep(2_999), []);
    const kinds = join.sweep(3_000).map(({ kind }) => kind);
    t.strictSame(kinds, ["gate-missed", "audit-missed"]);
    t.match(join.counters(), { gateMissed: 1, auditMissed: 1, agreed: 0 });
    t.equal(join.waiting, 0);
  }
  t.end();
});

t.test("failures, and programs in memory", (t) => {
  const join = new Join<string>(() => memfdDevice);
  join.judged(judged(), 0);
  t.match(join.recorded(audit({ errno: 8 }), 0), { kind: "failed", judged: { subject: "s" } });
  t.equal(join.recorded(audit({ errno: 2 }), 0), undefined, "nobody judged it: it never ran");
  t.match(join.recorded(audit(inMemory), 0), { kind: "memfd", judged: undefined });
  join.judged(judged(), 0);
  t.match(join.recorded(audit(inMemory), 0), { kind: "memfd", judged: { subject: "s" } });
  t.match(join.counters(), { failed: 1, neverRan: 1, memfd: 2 });
  t.equal(join.waiting, 0);
  t.end();
});

t.test("calls of one process are told apart, and updates reach the last one", (t) => {
  const join = new Join<string>(() => undefined);
  join.judged(judged({ call: "1 1", subject: "one" }), 0);
  join.judged(judged({ call: "2 2", subject: "two" }), 0);
  join.update(10, "two, and more");
  t.match(join.recorded(audit({ call: "2 2", argv: ["x"] }), 0), {
    judged: { subject: "two, and more" },
  });
  t.match(join.recorded(audit({ call: "1 1", argv: ["x"] }), 0), { judged: { subject: "one" } });
  join.update(10, "nobody waits");
  t.end();
});

t.test("room is bounded, and what finds none is counted", (t) => {
  const join = new Join<string>(() => undefined, { waitingMax: 1, patienceMs: 10 });
  join.judged(judged({ pid: 1 }), 0);
  t.equal(join.judged(judged({ pid: 2 }), 0), undefined);
  join.recorded(audit({ pid: 3 }), 0);
  t.match(join.recorded(audit({ pid: 4 }), 0), { kind: "gate-missed" });
  t.match(join.counters(), { dropped: 1, gateMissed: 1 });
  t.equal(join.waiting, 2);
  const alone = new Join<string>(() => undefined, { waitingMax: 0, patienceMs: 0 });
  t.match(alone.recorded(audit(), 0), { kind: "gate-missed" }, "without a gate nobody waits");
  t.end();
});
