// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { ProcessContainers } from "../../daemon/guard/process-containers.ts";

t.test("a process is known by pid and start", (t) => {
  const containers = new ProcessContainers();
  containers.remember({ pid: 10, startTicks: 5n }, "a");
  t.equal(containers.of({ pid: 10, startTicks: 5n }), "a");
  t.equal(containers.of({ pid: 10 }), "a", "whoever had it last, where it is gone");
  t.equal(containers.of({ pid: 10, startTicks: 6n }), undefined, "the pid is another's");
  t.equal(containers.of({ pid: 11 }), undefined);
  containers.remember({ pid: 10, startTicks: 6n }, "b");
  t.equal(containers.of({ pid: 10, startTicks: 6n }), "b");
  t.equal(containers.of({ pid: 10, startTicks: 5n }), undefined);
  t.end();
});

t.test("the oldest gives way", (t) => {
  const containers = new ProcessContainers();
  for (let pid = 1; pid <= 8_193; pid += 1) containers.remember({ pid, startTicks: 1n }, "a");
  t.equal(containers.of({ pid: 1 }), undefined);
  t.equal(containers.of({ pid: 2 }), "a");
  t.end();
});
