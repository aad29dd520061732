// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { rememberLast } from "../../daemon/util/remember-last.ts";

t.test("each text has its own, and the last one is not made again", (t) => {
  const made: string[] = [];
  const double = rememberLast((text) => {
    made.push(text);
    return `${text}${text}`;
  });
  t.strictSame(["", "a", "a", "b", "a"].map(double), ["", "aa", "aa", "bb", "aa"]);
  t.strictSame(made, ["", "a", "b", "a"]);
  t.end();
});
