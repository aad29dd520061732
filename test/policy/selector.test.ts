// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { priorities } from "../../daemon/model/alert.ts";
import type { RuleSelector } from "../../daemon/policy/policy.ts";
import { parsePriority, selects } from "../../daemon/policy/selector.ts";
import { rule } from "./samples.ts";

const rows: readonly [name: string, selector: RuleSelector, isMeant: boolean][] = [
  ["the name", { kind: "name", name: "R" }, true],
  ["another name", { kind: "name", name: "r" }, false],
  ["a tag", { kind: "tag", tag: "network" }, true],
  ["another tag", { kind: "tag", tag: "net" }, false],
  ["the priority itself", { kind: "priority", atLeast: "Warning" }, true],
  ["a lower priority", { kind: "priority", atLeast: "Notice" }, true],
  ["a higher priority", { kind: "priority", atLeast: "Error" }, false],
];

for (const [name, selector, isMeant] of rows) {
  t.test(`a selector by ${name}`, (t) => {
    const subject = rule({ name: "R", priority: "Warning", tags: ["container", "network"] });
    t.equal(selects(selector, subject), isMeant);
    t.end();
  });
}

t.test("priorities are read in any case", (t) => {
  t.same(
    priorities.map((priority) => parsePriority(priority.toUpperCase())),
    priorities,
  );
  t.equal(parsePriority("INFO"), "Informational");
  t.equal(parsePriority("warn"), undefined);
  t.end();
});
