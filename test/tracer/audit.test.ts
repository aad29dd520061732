// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import fc from "fast-check";
import t from "tap";
import { AuditAssembler } from "../../daemon/tracer/audit-assembler.ts";
import type { AuditExec } from "../../daemon/tracer/audit-exec.ts";
import {
  decodeAuditRecords,
  decodeDevice,
  decodeHex,
  decodeText,
  parseAuditRecord,
  type AuditRecord,
} from "../../daemon/tracer/audit-record.ts";

/** `type=N audit(…): …`, a record a line, as the kernel sent them. */
function readFixture(name: string): readonly AuditRecord[] {
  const text = readFileSync(new URL(`fixtures/${name}`, import.meta.url), "latin1");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [, type = "", rest = ""] = /^type=(\d+) (.*)$/s.exec(line) ?? [];
      const record = parseAuditRecord(Number(type), rest);
      if (record === undefined) throw new Error(`cannot read ${line}`);
      return record;
    });
}

function assemble(records: readonly AuditRecord[], assembler = new AuditAssembler()) {
  const execs: AuditExec[] = [];
  for (const record of records) {
    const exec = assembler.add(record, 0);
    if (exec !== undefined) execs.push(exec);
  }
  return { execs, assembler };
}

const recorded = readFixture("audit-6.18.txt");
const first = recorded.filter(({ serial }) => serial === 24);
const second = recorded.filter(({ serial }) => serial === 25);

t.test("what Linux 6.18 recorded of six execs", (t) => {
  const { execs, assembler } = assemble(recorded);
  const seen = execs.map(({ syscall, errno, comm, exe, argv, files }) => ({
    ...{ syscall, errno, comm, exe },
    argv: argv?.map((text) => (text.length > 40 ? `${text.slice(0, 3)}… ${text.length}` : text)),
    files: files.map(({ name, device }) => `${name} ${device}`),
  }));
  const root = "/tmp/tests";
  const sh = "/usr/bin/dash";
  t.strictSame(seen, [
    {
      ...{ syscall: "execve", errno: 0, comm: "busybox", exe: `${root}/busybox` },
      argv: [`${root}/busybox`, "echo", "hello world", "plain"],
      files: [`${root}/busybox 127`],
    },
    {
      ...{ syscall: "execve", errno: 0, comm: "s.sh", exe: `${root}/busybox` },
      argv: [`${root}/busybox`, "sh", `${root}/s.sh`, "a", "b"],
      files: [`${root}/s.sh 127`, `${root}/busybox 127`],
    },
    {
      ...{ syscall: "execve", errno: 0, comm: "true", exe: `${root}/true` },
      argv: [`${root}/true`],
      files: [`${root}/true 127`, `/lib64/ld-linux-x86-64.so.2 ${0xfe * 0x100000}`],
    },
    {
      ...{ syscall: "execve", errno: 8, comm: "sh", exe: sh },
      argv: undefined,
      files: [`${root}/bad 127`],
    },
    {
      ...{ syscall: "execveat", errno: 0, comm: "memfd:payload", exe: "/memfd:payload (deleted)" },
      argv: ["hidden", "one two", "x\ty"],
      files: [" 1"],
    },
    {
      ...{ syscall: "execve", errno: 0, comm: "busybox", exe: `${root}/busybox` },
      argv: [`${root}/busybox`, "echo", "yyy… 5002", "z z"],
      files: [`${root}/busybox 127`],
    },
  ]);
  t.match(execs[0], { uid: 0, gid: 0, cwd: "/", loginuid: undefined });
  t.match(assembler.counters(), { execs: 6, unended: 0, late: 0, dropped: 0 });
  t.equal(assembler.size, 0);
  t.end();
});

t.test("what Linux 6.18 recorded of two execs by 32-bit calls", (t) => {
  const { execs } = assemble(readFixture("audit-32-bit-6.18.txt"));
  const same = { errno: 0, exe: "/tmp/tests/true", argv: ["/tmp/tests/true", "thirty two"] };
  t.match(execs, [
    { ...same, syscall: "execve", call: "4a40d0 4a62f0" },
    { ...same, syscall: "execveat", call: "4a40d0 4a62f0" },
  ]);
  t.end();
});

t.test("records of two events among each other", (t) => {
  const mixed = first.flatMap((record, index) => [record, ...second.slice(index, index + 1)]);
  const { execs } = assemble([...mixed, ...second.slice(first.length)]);
  t.strictSame(new Set(execs), new Set([...assemble(first).execs, ...assemble(second).execs]));
  t.equal(execs.length, 2);
  t.end();
});

t.test("an end that never comes, one that comes late, and what comes after the end", (t) => {
  const [end] = first.slice(-1);
  const assembler = new AuditAssembler({ eventsMax: 2, recordsMax: 8, ageMs: 100 });
  t.strictSame(assemble(first.slice(0, -1), assembler).execs, []);
  t.strictSame(assembler.sweep(99), []);
  t.strictSame(assembler.sweep(100), assemble(first).execs, "after its time");
  t.match(assembler.counters(), { unended: 1, execs: 1 });
  t.strictSame(assemble(end === undefined ? [] : [end], assembler).execs, []);
  t.strictSame(assemble(first.slice(0, 1), assembler).execs, []);
  t.match(assembler.counters(), { late: 1 });
  t.equal(assembler.size, 0);
  t.end();
});

t.test("too many events and too many records are given out and counted", (t) => {
  const assembler = new AuditAssembler({ eventsMax: 1, recordsMax: 3, ageMs: 100 });
  const { execs } = assemble([...first.slice(0, -1), ...second.slice(0, 1)], assembler);
  t.equal(execs.length, 1, "the oldest gives way to the next");
  t.equal(assembler.counters().dropped, first.length - 1 - 3);
  t.end();
});

t.test("an exec of which a part is missing", (t) => {
  const long = recorded.filter(({ serial }) => serial === 29);
  const isFirstPiece = ({ values }: AuditRecord): boolean => values.has("a2[0]");
  t.equal(long.filter(isFirstPiece).length, 1, "the long argument came in pieces");
  const [cut] = assemble(long.filter((record) => !isFirstPiece(record))).execs;
  t.equal(cut?.argv, undefined, "not half of its arguments");
  t.equal(cut?.comm, "busybox");
  t.strictSame(assemble(first.filter(({ type }) => type !== 1300)).execs, []);
  t.end();
});

t.test("values", (t) => {
  const texts: readonly (readonly [string | undefined, string | undefined])[] = [
    ['"a b"', "a b"],
    ["612062", "a b"],
    ["(null)", undefined],
    ["(none)", undefined],
    [undefined, undefined],
    ["xyz", "xyz"],
    ['"open', "open"],
  ];
  for (const [value, text] of texts) t.equal(decodeText(value), text, String(value));
  t.equal(decodeHex("0"), undefined);
  t.equal(decodeHex("FF00"), "\xff\0");
  t.equal(decodeDevice("fe:01"), 0xfe * 0x100000 + 1);
  for (const wrong of [undefined, "", "0", "0:", "x:1", "1000:1"]) {
    t.equal(decodeDevice(wrong), undefined, String(wrong));
  }
  for (const wrong of ["", "audit", "audit(", "audit(1.2:3)", "audit(1.222:x)", "audit(1.222:3"]) {
    t.equal(parseAuditRecord(1300, wrong), undefined, wrong);
  }
  t.end();
});

t.test("a buffer of records, whole and cut", (t) => {
  const text = 'audit(1.222:3): a0="x"';
  const record = Buffer.alloc(24 + 24);
  record.writeUInt32LE(48, 0);
  record.writeUInt16LE(1309, 4);
  record.writeUInt32LE(text.length, 8);
  record.write(text, 24);
  const { records, unread } = decodeAuditRecords(Buffer.concat([record, record]));
  t.strictSame([records.length, unread], [2, 0]);
  t.match(records[0], { type: 1309, serial: 3, timeMs: 1222 });
  t.equal(records[0]?.values.get("a0"), '"x"');
  t.equal(decodeAuditRecords(record.subarray(0, 20)).records.length, 0);
  t.strictSame(decodeAuditRecords(Buffer.alloc(24)).records, []);
  t.end();
});

t.test("no bytes whatever break the parser, and nothing grows beyond its bounds", (t) => {
  const body = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.constantFrom(
      ...recorded.map(({ values }) =>
        [...values].map(([name, value]) => `${name}=${value}`).join(" "),
      ),
    ),
  );
  const line = fc.record({
    type: fc.constantFrom(1300, 1302, 1307, 1309, 1320),
    serial: fc.nat(20),
    body,
  });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 60 }), (lines) => {
      const assembler = new AuditAssembler({ eventsMax: 4, recordsMax: 4, ageMs: 10 });
      lines.forEach(({ type, serial, body }, index) => {
        const record = parseAuditRecord(type, `audit(1.000:${serial}): ${body}`);
        if (record !== undefined) assembler.add(record, index);
        assembler.sweep(index);
      });
      return assembler.size <= 4;
    }),
    { numRuns: 300 },
  );
  const argument = fc.string({ unit: "binary", maxLength: 40 });
  fc.assert(
    fc.property(fc.array(argument, { minLength: 1, maxLength: 8 }), (argv) => {
      const bytes = argv.map((text) => Buffer.from(text).toString("latin1"));
      const texts = bytes.map(
        (text, index) => `a${index}=${Buffer.from(text, "latin1").toString("hex")}`,
      );
      const execve = `audit(1.000:1): argc=${argv.length} ${texts.join(" ")}`;
      const call = "audit(1.000:1): arch=c000003e syscall=59 success=yes exit=0 pid=7";
      const records = [
        parseAuditRecord(1300, call),
        parseAuditRecord(1309, execve),
        parseAuditRecord(1320, "audit(1.000:1): "),
      ];
      const { execs } = assemble(records.filter((record) => record !== undefined));
      return JSON.stringify(execs[0]?.argv) === JSON.stringify(bytes);
    }),
    { numRuns: 300 },
  );
  t.end();
});
