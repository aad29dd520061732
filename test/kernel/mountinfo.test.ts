// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import t from "tap";
import { parseMountinfo, type Mount } from "../../daemon/kernel/mountinfo.ts";

const overlay = "36 35 0:42 / /d/merged rw,noatime shared:1 master:2 - overlay none rw,lowerdir=/l";
const sample: Mount = {
  ...{ id: 36, parent: 35, device: 42, root: "/", point: "/d/merged" },
  ...{ options: ["rw", "noatime"], type: "overlay" },
  superOptions: "rw,lowerdir=/l",
};

const rows: readonly [name: string, text: string, mounts: readonly Mount[]][] = [
  ["a line", overlay, [sample]],
  ["no optional fields", overlay.replace("shared:1 master:2 ", ""), [sample]],
  [
    "a major number",
    overlay.replace("0:42", "259:42"),
    [{ ...sample, device: 259 * 2 ** 20 + 42 }],
  ],
  [
    "a minor number of 20 bits",
    overlay.replace("0:42", "8:1048575"),
    [{ ...sample, device: 9 * 2 ** 20 - 1 }],
  ],
  [
    "blank, tab, newline, backslash and number sign in a path",
    overlay.replace("/d/merged", String.raw`/\040\011\012\134\043`),
    [{ ...sample, point: "/ \t\n\\#" }],
  ],
  [
    "what is escaped may look like an escape",
    overlay.replace("/d/merged", String.raw`/\134040`),
    [{ ...sample, point: String.raw`/\040` }],
  ],
  [
    "a backslash that begins no escape",
    overlay.replace("/d/merged", String.raw`/\08x\12`),
    [{ ...sample, point: String.raw`/\08x\12` }],
  ],
  [
    "bytes that are not UTF-8",
    overlay.replace("/d/m", "/\xff/m"),
    [{ ...sample, point: "/\xff/merged" }],
  ],
  [
    "a bind mount's own directory",
    overlay.replace(" / ", String.raw` /volumes/a\040b `),
    [{ ...sample, root: "/volumes/a b" }],
  ],
  ["a path that is a dash", overlay.replace("/d/merged", "-"), [{ ...sample, point: "-" }]],
  [
    "two lines, in their order",
    `${overlay}\n${overlay.replace("36", "37")}\n`,
    [sample, { ...sample, id: 37 }],
  ],
  [
    "a line that is cut off is left out, and the rest is read",
    `36 35 0:42 / /d\n${overlay}\n`,
    [sample],
  ],
  ["a line without a filesystem type", "36 35 0:42 / /d rw -", []],
  ["a device that is no number", overlay.replace("0:42", "a:b"), []],
  ["a device without a minor number", overlay.replace("0:42", "8"), []],
  ["nothing", "", []],
];

for (const [name, text, mounts] of rows) {
  t.test(`mountinfo: ${name}`, (t) => {
    t.strictSame(parseMountinfo(text), mounts);
    t.end();
  });
}

t.test("this process's table is read whole", (t) => {
  const text = readFileSync("/proc/self/mountinfo", "latin1");
  const mounts = parseMountinfo(text);
  t.equal(mounts.length, text.trimEnd().split("\n").length);
  t.match(
    mounts.find(({ point }) => point === "/proc"),
    { type: "proc" },
  );
  t.end();
});
