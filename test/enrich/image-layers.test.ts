// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { readImageLayers } from "../../daemon/enrich/image-layers.ts";

function overlay2(Data: object): object {
  return { GraphDriver: { Name: "overlay2", Data } };
}

const rows: readonly [name: string, image: unknown, layers: readonly string[]][] = [
  ["one layer", overlay2({ UpperDir: "/d/a/diff", MergedDir: "/d/a/merged" }), ["/d/a/diff"]],
  [
    "several, the topmost first",
    overlay2({ UpperDir: "/d/c/diff", LowerDir: "/d/b/diff:/d/a/diff" }),
    ["/d/c/diff", "/d/b/diff", "/d/a/diff"],
  ],
  ["another driver", { GraphDriver: { Name: "vfs", Data: { UpperDir: "/d" } } }, []],
  ["containerd's store", { GraphDriver: { Name: "overlayfs", Data: null } }, []],
  ["nothing", {}, []],
  ["no answer", undefined, []],
  ["a relative path: none at all", overlay2({ UpperDir: "/d", LowerDir: "/a:b" }), []],
  ["a path that is too long", overlay2({ UpperDir: `/${"d".repeat(4_096)}` }), []],
  ["too many", overlay2({ UpperDir: "/d", LowerDir: "/a:".repeat(256) }), []],
  ["no text", overlay2({ UpperDir: 5, LowerDir: ["/a"] }), []],
];

for (const [name, image, layers] of rows) {
  t.test(`layers of an image: ${name}`, (t) => {
    t.strictSame(readImageLayers(image), layers);
    t.end();
  });
}
