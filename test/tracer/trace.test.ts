// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { Tracer } from "../../daemon/tracer/trace.ts";
import { gateRecord, type RecordChanges } from "./gate-records.ts";

const program: RecordChanges = {};
const loader: RecordChanges = { file: { path: "/lib/ld.so", inode: 8n } };
const script: RecordChanges = {
  filename: "/app/run",
  head: "#!/bin/sh",
  file: { path: "/app/run", inode: 1n },
};
const shell: RecordChanges = { filename: "/app/run", file: { path: "/bin/sh", inode: 2n } };
const shellLoader: RecordChanges = {
  filename: "/app/run",
  file: { path: "/lib/ld.so", inode: 8n },
};
const scriptShell: RecordChanges = { ...shell, head: "#!/bin/busybox" };

/** What became of each event: its role, and the path of the file that the call opened before. */
type Told = readonly (readonly [role: string, first: string | undefined])[];

const rows: readonly [name: string, records: readonly RecordChanges[], told: Told][] = [
  [
    "a dynamic program and its loader are one call",
    [program, loader],
    [
      ["program", undefined],
      ["loader", "/usr/bin/curl"],
    ],
  ],
  [
    "a script, its interpreter and that one's loader are one call",
    [script, shell, shellLoader],
    [
      ["program", undefined],
      ["interpreter", "/app/run"],
      ["loader", "/bin/sh"],
    ],
  ],
  [
    "a script whose interpreter is a script",
    [script, scriptShell, { filename: "/app/run", file: { path: "/bin/busybox", inode: 3n } }],
    [
      ["program", undefined],
      ["interpreter", "/app/run"],
      ["interpreter", "/bin/sh"],
    ],
  ],
  ["the same file twice is two calls", [program, program], repeat("program", 2)],
  [
    "the same inode number on another device is another file",
    [program, { file: { device: 43 } }],
    [
      ["program", undefined],
      ["loader", "/usr/bin/curl"],
    ],
  ],
  [
    "other registers are another call",
    [program, { ...loader, call: "other" }],
    repeat("program", 2),
  ],
  ["another path is another call", [program, { ...loader, filename: "/x" }], repeat("program", 2)],
  ["another thread is another call", [program, { ...loader, tid: 101 }], repeat("program", 2)],
  [
    "10 s later it is another call",
    [program, { ...loader, monotonicMs: 11_000 }],
    repeat("program", 2),
  ],
  [
    "just before that it is not",
    [program, { ...loader, monotonicMs: 10_999 }],
    [
      ["program", undefined],
      ["loader", "/usr/bin/curl"],
    ],
  ],
  [
    "calls that could not be read are never taken for the same",
    [
      { ...program, syscall: -1 },
      { ...loader, syscall: -1 },
    ],
    repeat("program", 2),
  ],
];

function repeat(role: string, count: number): Told {
  return Array.from({ length: count }, () => [role, undefined] as const);
}

for (const [name, records, told] of rows) {
  t.test(name, (t) => {
    const tracer = new Tracer();
    const traced = records.map((changes) => tracer.trace(gateRecord(changes)));
    t.strictSame(
      traced.map((exec) => [exec?.role, exec?.first?.path]),
      told,
    );
    t.end();
  });
}

t.test(
  "after a denied call the thread's next event is a new call, with equal registers too",
  (t) => {
    const tracer = new Tracer();
    tracer.trace(gateRecord(program));
    tracer.forget(100);
    t.match(tracer.trace(gateRecord(loader)), { role: "program" });
    t.end();
  },
);

t.test("the oldest of very many calls is forgotten", (t) => {
  const tracer = new Tracer();
  for (let tid = 1; tid <= 8_192; tid++) tracer.trace(gateRecord({ tid }));
  tracer.trace(gateRecord({ tid: 1, call: "next" }));
  tracer.trace(gateRecord({ tid: 8_193 }));
  const again = { ...loader, tid: 1, call: "next" };
  t.equal(tracer.trace(gateRecord(again))?.role, "loader", "not the oldest any more");
  t.equal(tracer.trace(gateRecord({ ...loader, tid: 3 }))?.role, "loader", "still known");
  t.equal(tracer.trace(gateRecord({ ...loader, tid: 2 }))?.role, "program", "forgotten");
  t.end();
});

const facts: readonly [name: string, changes: RecordChanges, expected: unknown][] = [
  ["the name is the last part of the path that was asked for", { filename: "/a/ls" }, "ls"],
  ["a path without a slash", { filename: "ls" }, "ls"],
  ["at most 15 bytes of it", { filename: "/bin/0123456789abcdef" }, "0123456789abcde"],
  ["execveat on a descriptor: of the file itself", { filename: "" }, "curl"],
];

for (const [name, changes, comm] of facts) {
  t.test(`comm: ${name}`, (t) => {
    t.equal(new Tracer().trace(gateRecord(changes))?.comm, comm);
    t.end();
  });
}

for (const [syscall, name] of [
  [59, "execve"],
  [322, "execveat"],
  [11, "execve"],
  [358, "execveat"],
  [-1, "execve"],
] as const) {
  t.test(`call number ${syscall} is ${name}`, (t) => {
    t.equal(new Tracer().trace(gateRecord({ syscall }))?.syscall, name);
    t.end();
  });
}

for (const [name, loginuid, expected] of [
  ["set", "1000", 1000],
  ["root's", "0", 0],
  ["unset", "4294967295", undefined],
  ["not readable", "", undefined],
] as const) {
  t.test(`a login uid that is ${name}`, (t) => {
    t.equal(new Tracer().trace(gateRecord({ loginuid }))?.loginuid, expected);
    t.end();
  });
}

for (const [name, changes] of [
  ["its status", { status: "" }],
  ["its stat", { stat: "" }],
] as const) {
  t.test(`a process is gone when ${name} could not be read`, (t) => {
    t.equal(new Tracer().trace(gateRecord(changes)), undefined);
    t.end();
  });
}
