// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { parseMountinfo } from "../../daemon/kernel/mountinfo.ts";
import { lowerLayersOf } from "../../daemon/kernel/overlay-layers.ts";

const docker = "/var/lib/docker/overlay2";
const containerd = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots";
const task = "/run/containerd/io.containerd.runtime.v2.task/moby/c0/rootfs";

const rows: readonly [name: string, point: string, options: string, layers: readonly string[]][] = [
  [
    "overlay2",
    `${docker}/c0/merged`,
    `rw,lowerdir=${docker}/l/TOP:${docker}/l/LOW,upperdir=${docker}/c0/diff,workdir=${docker}/c0/work,xino=off`,
    [`${docker}/l/TOP`, `${docker}/l/LOW`],
  ],
  [
    "overlay2 with very many layers, from its own directory",
    `${docker}/c0/merged`,
    "rw,lowerdir=l/TOP:l/LOW,upperdir=c0/diff,workdir=c0/work",
    [`${docker}/l/TOP`, `${docker}/l/LOW`],
  ],
  [
    "containerd's snapshots",
    task,
    `rw,lowerdir=${containerd}/12/fs,upperdir=${containerd}/13/fs,workdir=${containerd}/13/work`,
    [`${containerd}/12/fs`],
  ],
  [
    "the same, from the directory that they have in common",
    task,
    `rw,lowerdir=12/fs:11/fs,upperdir=${containerd}/13/fs,workdir=${containerd}/13/work`,
    [`${containerd}/12/fs`, `${containerd}/11/fs`],
  ],
  ["one option for each layer", task, "ro,lowerdir+=/a,lowerdir+=/b:c", ["/a", "/b:c"]],
  ["layers for data alone have no names", task, "ro,lowerdir=/a:/b::/data", ["/a", "/b"]],
  [
    "escapes of the kernel's: comma, blank, backslash; and overlayfs's own for a colon",
    task,
    String.raw`rw,lowerdir=/a\054b\040c:/d\134:e`,
    ["/a,b c", "/d:e"],
  ],
  ["no layers", task, "rw", []],
];

for (const [name, point, options, layers] of rows) {
  t.test(`overlay layers: ${name}`, (t) => {
    const [mount] = parseMountinfo(`36 35 0:42 / ${point} rw - overlay overlay ${options}`);
    t.strictSame(mount && lowerLayersOf(mount), layers);
    t.end();
  });
}

t.test("another file system has none", (t) => {
  const [mount] = parseMountinfo("36 35 0:42 / /d rw - btrfs none rw,lowerdir=/a");
  t.strictSame(mount && lowerLayersOf(mount), []);
  t.end();
});
