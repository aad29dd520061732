// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import t from "tap";
import { findGroup, groupOfId, userOfId } from "../../daemon/host/groups.ts";

const text = "root:x:0:\ndocker:x:998:alice\nbroken\nempty:x::\nexecwarden:x:997:\n";
const rows = [
  { name: "a group that is there", group: "execwarden", id: 997 },
  { name: "group 0", group: "root", id: 0 },
  { name: "a group that is not there", group: "warden", id: undefined },
  { name: "a line without an id", group: "broken", id: undefined },
  { name: "an empty id is not 0", group: "empty", id: undefined },
];
for (const { name, group, id } of rows) {
  t.test(name, async (t) => {
    const path = join(t.testdir({ group: text }), "group");
    t.equal((await findGroup(group, path))?.id, id);
    if (id !== undefined) t.strictSame(await groupOfId(id, path), { name: group, id });
  });
}

t.test("a user's name is found by the id", async (t) => {
  const path = join(
    t.testdir({ passwd: "root:x:0:0::/:/bin/sh\nalice:x:1000:100::/:\n" }),
    "passwd",
  );
  t.equal(await userOfId(1000, path), "alice");
  t.equal(await userOfId(100, path), undefined, "the group's number is another column");
});
