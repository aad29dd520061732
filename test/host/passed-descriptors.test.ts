// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { passedDescriptor } from "../../daemon/host/passed-descriptors.ts";

const rows = [
  ["the only one", { pid: "7", count: "1", names: "gate" }, 3],
  ["the third", { pid: "7", count: "3", names: "a:b:gate" }, 5],
  ["one that is not passed", { pid: "7", count: "1", names: "other" }, undefined],
  ["a name beyond the count", { pid: "7", count: "1", names: "a:gate" }, undefined],
  ["meant for another process", { pid: "8", count: "1", names: "gate" }, undefined],
  ["no service manager", {}, undefined],
  ["no names", { pid: "7", count: "1" }, undefined],
  ["a count that is none", { pid: "7", count: "x", names: "gate" }, undefined],
] as const;
for (const [name, passed, expected] of rows) {
  t.test(name, (t) => {
    t.equal(passedDescriptor("gate", passed, 7), expected);
    t.end();
  });
}
