// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { createRecentOutput } from "../../daemon/outputs/recent-output.ts";
import { sampleAlert } from "./fixtures/alert.ts";

const rows = [
  { name: "fewer than fit", written: 2, asked: 10, got: ["n0", "n1"] },
  { name: "as many as fit", written: 3, asked: 10, got: ["n0", "n1", "n2"] },
  { name: "more than fit: the oldest are gone", written: 5, asked: 10, got: ["n2", "n3", "n4"] },
  { name: "the last of them", written: 5, asked: 2, got: ["n3", "n4"] },
  { name: "none", written: 5, asked: 0, got: [] },
];
for (const { name, written, asked, got } of rows) {
  t.test(`recent alerts: ${name}`, (t) => {
    const output = createRecentOutput(3);
    for (let i = 0; i < written; i++) output.write(sampleAlert({ uuid: `n${i}` }));
    t.strictSame(
      output.recent(asked).map(({ uuid }) => uuid),
      got,
    );
    t.end();
  });
}

t.test("followers get what comes, until they stop", (t) => {
  const output = createRecentOutput(3);
  const seen: string[] = [];
  output.write(sampleAlert({ uuid: "before" }));
  const unfollow = output.follow(({ uuid }) => seen.push(uuid));
  output.write(sampleAlert({ uuid: "a" }));
  unfollow();
  output.write(sampleAlert({ uuid: "b" }));
  t.strictSame(seen, ["a"]);
  t.end();
});
