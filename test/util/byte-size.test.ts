// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { parseByteSize } from "../../daemon/util/byte-size.ts";

const rows: readonly [text: string, bytes: number | undefined][] = [
  ["0B", 0],
  ["1KiB", 1024],
  ["64MiB", 67_108_864],
  ["2GiB", 2_147_483_648],
  ["999999GiB", 999_999 * 2 ** 30],
  ["1000000B", undefined],
  ["64", undefined],
  ["64MB", undefined],
  ["MiB", undefined],
  ["-1MiB", undefined],
  ["1.5MiB", undefined],
  [" 1MiB", undefined],
  ["1 MiB", undefined],
  ["", undefined],
];
for (const [text, bytes] of rows) {
  t.test(`"${text}" is ${bytes === undefined ? "no size" : `${bytes} bytes`}`, (t) => {
    t.equal(parseByteSize(text), bytes);
    t.end();
  });
}
