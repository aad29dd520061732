// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from "node:fs";
import t from "tap";
import { originOf, originText, otherMounts, pathsOf } from "../../daemon/kernel/mount-origin.ts";
import { parseMountinfo } from "../../daemon/kernel/mountinfo.ts";
import type { JudgedMount } from "../../daemon/model/mount-origin.ts";

/** `ID PARENT MAJOR:MINOR ROOT POINT`, a line each. */
const table = (...lines: readonly string[]): ReturnType<typeof parseMountinfo> =>
  parseMountinfo(lines.map((line) => `${line} rw - ext4 none rw`).join("\n"));

const host = table(
  "1 0 8:1 / /",
  "2 1 0:5 / /dev",
  "3 1 8:2 / /srv",
  "4 3 8:3 / /srv/data",
  "5 1 8:1 /etc /mnt/copy",
  // Mounted over what was there before.
  "6 1 8:4 / /over",
  "7 6 8:5 / /over",
  // Hidden: its parent is below another mount.
  "8 1 8:6 / /over/below",
  "9 1 8:7 /@home /home",
);

t.test("what a path shows, as the kernel would find it", (t) => {
  const rows: readonly (readonly [path: string, origin: string])[] = [
    ["/", "8:1:/"],
    ["/etc", "8:1:/etc"],
    ["/etc/ssl", "8:1:/etc/ssl"],
    ["/dev", "0:5:/"],
    ["/dev/null", "0:5:/null"],
    ["/devices", "8:1:/devices"],
    ["/srv", "8:2:/"],
    ["/srv/x", "8:2:/x"],
    ["/srv/data/a/b", "8:3:/a/b"],
    ["/mnt/copy", "8:1:/etc"],
    ["/mnt/copy/ssl", "8:1:/etc/ssl"],
    ["/over", "8:5:/"],
    ["/over/below/x", "8:5:/below/x"],
    ["/home/a", "8:7:/@home/a"],
  ];
  for (const [path, origin] of rows) {
    const found = originOf(path, host);
    t.equal(found === undefined ? "none" : originText(found), origin, path);
  }
  t.equal(originOf("/x", []), undefined, "nothing is known");
  t.end();
});

t.test("the machine's own mounts are found as its kernel finds them", (t) => {
  const own = parseMountinfo(readFileSync("/proc/self/mountinfo", "latin1"));
  for (const path of ["/proc", "/proc/sys", "/sys", "/dev"]) {
    const found = originOf(path, own);
    const { dev } = statSync(path, { bigint: true });
    const major = Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn));
    const minor = Number((dev & 0xffn) | ((dev >> 12n) & ~0xffn));
    t.equal(found?.device, major * 2 ** 20 + minor, path);
  }
  t.end();
});

t.test("which paths of the host show it, the shortest first", (t) => {
  t.strictSame(pathsOf({ device: 8 * 2 ** 20 + 1, root: "/etc/ssl" }, host), [
    "/etc/ssl",
    "/mnt/copy/ssl",
  ]);
  t.strictSame(pathsOf({ device: 8 * 2 ** 20 + 3, root: "/a" }, host), ["/srv/data/a"]);
  t.strictSame(pathsOf({ device: 8 * 2 ** 20 + 7, root: "/@other" }, host), []);
  t.end();
});

t.test("what a container has otherwise than it was judged", (t) => {
  const judged = (destination: string, path: string): JudgedMount => {
    const origin = originOf(path, host);
    return { destination, path, origins: origin === undefined ? [] : [origin] };
  };
  const container = table(
    "20 10 0:50 / /",
    "21 20 0:51 / /proc",
    "22 20 8:2 /a /x",
    "23 20 8:2 /b /y",
    "24 20 8:1 /etc /z",
    "25 20 8:3 /sub/dir /data",
    "26 20 8:2 /gone//deleted /gone",
    "27 20 8:2 /c /run/linked",
  );
  const rows: readonly (readonly [why: string, judged: JudgedMount[], found: readonly string[]])[] =
    [
      ["as it was judged", [judged("/x", "/srv/a"), judged("/y", "/srv/b")], []],
      ["another directory", [judged("/x", "/srv/other")], ["/x 8:2:/a"]],
      ["another file system", [judged("/z", "/srv/etc")], ["/z 8:1:/etc"]],
      ["below what was judged", [judged("/data", "/srv/data")], []],
      ["beside what was judged", [judged("/data", "/srv/data/su")], ["/data 8:3:/sub/dir"]],
      ["removed since", [judged("/gone", "/srv/gone")], []],
      ["a link of the image leads there", [judged("/var/run/linked", "/srv/c")], []],
      ["nothing is there", [judged("/nowhere", "/srv/nowhere")], ["/nowhere nothing"]],
      [
        "two were judged alike, and one of them is something else",
        [judged("/x", "/srv/a"), judged("/y", "/srv/a")],
        ["/y 8:2:/b"],
      ],
      [
        "the same, at a link of the image",
        [judged("/x", "/srv/a"), judged("/link", "/srv/a")],
        ["/link nothing"],
      ],
      ["what could not be seen is not compared", [{ ...judged("/x", "/q"), origins: [] }], []],
    ];
  for (const [why, mounts, expected] of rows) {
    const found = otherMounts(mounts, container).map(
      ({ judged: { destination }, found: there }) => {
        return `${destination} ${there === undefined ? "nothing" : originText(there)}`;
      },
    );
    t.strictSame(found, expected, why);
  }
  const several = {
    ...judged("/x", "/srv/other"),
    origins: [{ device: 8 * 2 ** 20 + 2, root: "/a" }],
  };
  t.strictSame(otherMounts([several], container), [], "one of several views");
  t.end();
});
