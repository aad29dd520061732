// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { readIdMap } from "../../daemon/enrich/id-map.ts";

const remapped = "         0     231072      65536\n";
const rows: readonly [name: string, text: string, id: number, host: number | undefined][] = [
  ["the initial namespace", "         0          0 4294967295\n", 1000, 1000],
  ["userns-remap, root", remapped, 0, 231072],
  ["userns-remap, a user", remapped, 1000, 232072],
  ["userns-remap, the last id", remapped, 65535, 296607],
  ["an id that is mapped to nobody", remapped, 65536, undefined],
  ["a second range (rootless)", "0 1000 1\n1 100000 65536\n", 1, 100000],
  ["a process that is gone", "", 7, 7],
  ["a text that is no map", "what\nnever 1 2\n", 7, 7],
];

for (const [name, text, id, host] of rows) {
  t.test(name, (t) => {
    t.equal(readIdMap(text)(id), host);
    t.end();
  });
}
