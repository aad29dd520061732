// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { ContainerUsers } from "../../daemon/enrich/container-users.ts";
import type { UserFiles } from "../../daemon/enrich/users.ts";

function files(name: string): UserFiles {
  return { passwd: `${name}:x:0:0::/:/bin/sh\n`, group: "" };
}

t.test("each container has its own users, until it is removed", (t) => {
  const users = new ContainerUsers();
  t.equal(users.of("a"), undefined);
  users.set("a", files("root"), true);
  users.set("b", files("toor"), true);
  t.equal(users.of("a")?.users.get(0)?.name, "root");
  t.equal(users.of("b")?.users.get(0)?.name, "toor");
  users.remove("a");
  t.equal(users.of("a"), undefined);
  t.end();
});

t.test("files that could not be read take the place of nothing only", (t) => {
  const users = new ContainerUsers();
  const nothing = { passwd: "", group: "" };
  users.set("a", nothing, false);
  t.equal(users.of("a")?.users.size, 0, "they count as looked at");
  users.set("a", files("root"), true);
  users.set("a", nothing, false);
  t.equal(users.of("a")?.users.get(0)?.name, "root");
  users.set("a", nothing, true);
  t.equal(users.of("a")?.users.size, 0, "but a file without lines does");
  t.end();
});

t.test("the oldest make room", (t) => {
  const users = new ContainerUsers();
  for (let i = 0; i <= 4_096; i++) users.set(String(i), { passwd: "", group: "" }, true);
  t.equal(users.of("0"), undefined);
  t.ok(users.of("1"));
  t.ok(users.of("4096"));
  t.end();
});
