// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import t from "tap";
import { parseStat, parseStatus } from "../../daemon/tracer/proc-text.ts";
import { statText, statusText } from "./gate-records.ts";

const names: readonly [name: string, comm: string][] = [
  ["a plain name", "curl"],
  ["blanks and parentheses in the name", "a) R 1 (b"],
  ["a newline in the name", "a\nb"],
  ["a name that looks like the rest of the line", "x) S 1 2 3 4 5"],
  ["an empty name", ""],
  ["bytes that are not UTF-8", "\xff\xfe"],
];

for (const [name, comm] of names) {
  t.test(`stat: ${name}`, (t) => {
    t.strictSame(parseStat(statText({ comm, ppid: 77, startTicks: 123_456 })), {
      comm,
      ppid: 77,
      pgid: 100,
      sid: 50,
      tty: 34816,
      startTicks: 123_456n,
    });
    t.end();
  });
}

const noStats: readonly [name: string, text: string][] = [
  ["of a process that is gone", ""],
  ["without a name", "1 S 2 3"],
  ["with the parentheses the wrong way round", ")1( S 2 3"],
  ["that ends before the start time", `1 (sh) S ${"0 ".repeat(17)}`],
  ["whose start time is no number", statText().replace(" 5000 ", " 5x00 ")],
];

for (const [name, text] of noStats) {
  t.test(`no stat is read from a line ${name}`, (t) => {
    t.equal(parseStat(text), undefined);
    t.end();
  });
}

t.test("status: the effective ids, the innermost numbers and the capabilities", (t) => {
  t.strictSame(parseStatus(statusText({ pid: 4711, vpid: 12, uid: 1000, gid: 100 })), {
    pid: 4711,
    uid: 1000,
    gid: 100,
    vpid: 12,
    vpgid: 10,
    vsid: 1,
    capInheritable: 1n,
    capPermitted: 0xa80425fbn,
    capEffective: 0x3fffffffffn,
  });
  t.end();
});

const statuses: readonly [name: string, text: string, expected: unknown][] = [
  ["is not fooled by a name", statusText({ name: "Tgid:\t9\\nTgid:\t8" }), { pid: 100 }],
  [
    "one namespace: its number is the host's",
    statusText().replace("100\t10", "100"),
    { vpid: 100 },
  ],
  [
    "three namespaces: the innermost counts",
    statusText().replace("NStgid:\t100\t10", "NStgid:\t100\t20\t3"),
    { vpid: 3 },
  ],
  [
    "a kernel without pid namespaces",
    statusText().replace(/NS[a-z]+:.*\n/g, ""),
    { vpid: 100, vpgid: 0, vsid: 0 },
  ],
  [
    "no capabilities told",
    statusText().replace(/Cap[A-Za-z]+:.*\n/g, ""),
    { capInheritable: 0n, capPermitted: 0n, capEffective: 0n },
  ],
  ["no newline at the end", statusText().trimEnd(), { capEffective: 0x3fffffffffn }],
];

for (const [name, text, expected] of statuses) {
  t.test(`status: ${name}`, (t) => {
    t.match(parseStatus(text), expected);
    t.end();
  });
}

for (const [name, text] of [
  ["of a process that is gone", ""],
  ["without a thread group id", statusText().replace("Tgid:\t100\n", "")],
  ["whose thread group id is no number", statusText().replace("Tgid:\t100", "Tgid:\tx")],
  ["whose thread group id is 0", statusText().replace("Tgid:\t100", "Tgid:\t0")],
] as const) {
  t.test(`no status is read from a text ${name}`, (t) => {
    t.equal(parseStatus(text), undefined);
    t.end();
  });
}

t.test("this process, as this kernel tells of it", (t) => {
  const stat = parseStat(readFileSync("/proc/self/stat", "latin1"));
  const status = parseStatus(readFileSync("/proc/self/status", "latin1"));
  t.match(stat, { ppid: process.ppid });
  t.match(status, { pid: process.pid, uid: process.geteuid?.(), gid: process.getegid?.() });
  t.ok((stat?.startTicks ?? 0n) > 0n);
  t.end();
});
