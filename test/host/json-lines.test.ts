// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { createJsonLines } from "../../daemon/host/json-lines.ts";

const rows = [
  { name: "a line is a value", pieces: ['{"a":1}\n'], values: [{ a: 1 }], lost: 0 },
  { name: "several lines in one piece", pieces: ["1\n2\r\n3\n"], values: [1, 2, 3], lost: 0 },
  {
    name: "one line in several pieces",
    pieces: ["[1", ",", "2]", "\n"],
    values: [[1, 2]],
    lost: 0,
  },
  { name: "a line that has not ended is not told", pieces: ["1\n2"], values: [1], lost: 0 },
  { name: "blank lines are nothing", pieces: ["\n \n1\n"], values: [1], lost: 0 },
  { name: "what is no JSON is lost, the next is not", pieces: ["{\n1\n"], values: [1], lost: 1 },
  { name: "a line at the bound is told", pieces: ["12345678\n"], values: [12345678], lost: 0 },
  { name: "a longer one is lost", pieces: ["123456789\n1\n"], values: [1], lost: 1 },
  {
    name: "also when it comes in pieces",
    pieces: ["12345", "6789", "0\n1\n"],
    values: [1],
    lost: 1,
  },
];
for (const { name, pieces, values, lost } of rows) {
  t.test(name, (t) => {
    const seen: unknown[] = [];
    let lostSeen = 0;
    const read = createJsonLines(8, {
      onValue: (value) => seen.push(value),
      onLost: () => {
        lostSeen += 1;
      },
    });
    for (const piece of pieces) read(piece);
    t.strictSame(seen, values);
    t.equal(lostSeen, lost);
    t.end();
  });
}
