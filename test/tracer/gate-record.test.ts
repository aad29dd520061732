// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { decodeRecords, type GateRecord } from "../../daemon/tracer/gate-record.ts";
import { encodeRecord, gateRecord, recordFlags, type RecordChanges } from "./gate-records.ts";

const call = "path-pointer-argv-stack-";
const { held, argvKnown, argvTruncated, compat32, kept } = recordFlags;

const rows: readonly [name: string, changes: RecordChanges, flags: number][] = [
  ["a held exec whose argv is known", {}, held | argvKnown],
  ["an observed exec", { isHeld: false }, argvKnown],
  ["an observed exec whose file is kept", { isHeld: false, isKept: true }, argvKnown | kept],
  ["an exec whose argv is not known", { isArgvKnown: false, argv: [] }, held],
  ["a call of the 32-bit table", { isCompat32: true, syscall: 11 }, held | argvKnown | compat32],
  ["a parent that is gone", { parentStart: undefined }, held | argvKnown],
  ["an unknown call", { syscall: -1 }, held | argvKnown],
  ["a flag that says nothing here", {}, held | argvKnown | argvTruncated],
  ["an argument that is empty", { argv: ["", "", "x", ""] }, held | argvKnown],
  ["one argument, which is empty", { argv: [""] }, held | argvKnown],
  ["bytes that are not UTF-8", { argv: ["\xff\xfe"], filename: "/\xe9", cwd: "/\x80" }, 3],
  ["texts that are all empty", emptyTexts(), held | argvKnown],
  [
    "numbers that need all their bits",
    {
      ticket: { slot: 0xffff_fffe, generation: 0xffff_ffff },
      generation: 0xffff_fffd,
      timeNs: 0xffff_ffff_ffff_fff0n,
      parentStart: 0xffff_ffff_ffff_fff1n,
      tid: 4_194_304,
      file: {
        device: 0xfff * 0x100000 + 0xfffff,
        inode: 0xffff_ffff_ffff_ffffn,
        mode: 0o104755,
        uid: 4_294_967_294,
        gid: 4_294_967_293,
        size: 2 ** 52,
        mtimeNs: -1n,
        ctimeNs: -2n,
      },
    },
    held | argvKnown,
  ],
];

function emptyTexts(): RecordChanges {
  const nothing = { filename: "", argv: [], environment: "", head: "", status: "", stat: "" };
  return {
    ...nothing,
    ...{ cgroup: "", loginuid: "", cwd: "", file: { path: "" } },
  };
}

for (const [name, changes, flags] of rows) {
  t.test(`${name} is read as it was written`, (t) => {
    const record: GateRecord = gateRecord({ call, ...changes });
    t.strictSame(decodeRecords(encodeRecord(record, flags)), [record]);
    t.end();
  });
}

t.test("a batch is read whole, in order, past the padding of each record", (t) => {
  const records = [1, 2, 3, 4, 5, 6, 7, 8].map((length) =>
    gateRecord({ call, tid: length, cwd: "x".repeat(length) }),
  );
  const batch = Buffer.concat(records.map((record) => encodeRecord(record, held | argvKnown)));
  t.strictSame(decodeRecords(batch), records);
  t.end();
});

const broken: readonly [name: string, batch: Buffer, count: number][] = [
  ["nothing", Buffer.alloc(0), 0],
  ["less than a header", Buffer.alloc(175), 0],
  ["a size that leads nowhere", Buffer.alloc(400), 0],
  ["a size that leads into the header", Buffer.alloc(400, Buffer.from([8, 0, 0, 0])), 0],
  [
    "a record, then a size that leads nowhere",
    Buffer.concat([encodeRecord(gateRecord(), 1), Buffer.alloc(200)]),
    1,
  ],
];

for (const [name, batch, count] of broken) {
  t.test(`${name} does not go on for ever`, (t) => {
    t.equal(decodeRecords(batch).length, count);
    t.end();
  });
}
