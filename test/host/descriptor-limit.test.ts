// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { descriptorLimit } from "../../daemon/host/descriptor-limit.ts";

const header = "Limit                     Soft Limit           Hard Limit           Units     \n";

for (const [text, limit] of [
  [
    `${header}Max open files            1024                 524288               files     \n`,
    1024,
  ],
  [
    `${header}Max open files            unlimited            unlimited            files     \n`,
    Infinity,
  ],
  [header, undefined],
] as const) {
  t.test(`a limit of ${String(limit)}`, (t) => {
    t.equal(
      descriptorLimit(() => text),
      limit,
    );
    t.end();
  });
}

t.test("without proc there is no answer, and no throw", (t) => {
  const broken = (): never => {
    throw new Error("no proc");
  };
  t.equal(descriptorLimit(broken), undefined);
  t.ok((descriptorLimit() ?? 0) > 0, "this process has one");
  t.end();
});
