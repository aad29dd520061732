// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { readUserDirectory, type User } from "../../daemon/enrich/users.ts";

const root: User = { name: "root", home: "/root", shell: "/bin/ash" };

const users: readonly [name: string, passwd: string, users: readonly [number, User][]][] = [
  ["one line", "root:x:0:0:root:/root:/bin/ash\n", [[0, root]]],
  ["no newline at the end", "root:x:0:0:root:/root:/bin/ash", [[0, root]]],
  [
    "the first line for an id wins",
    "root:x:0:0::/root:/bin/ash\ntoor:x:0:0::/:/bin/sh\n",
    [[0, root]],
  ],
  [
    "an id without a password or a comment",
    "app::1000:1000::/srv:\n",
    [[1000, { name: "app", home: "/srv", shell: "" }]],
  ],
  ["a line that ends early", "app:x:7\n", [[7, { name: "app", home: "", shell: "" }]]],
  [
    "bytes that are not UTF-8",
    "\xe9:x:7:7::/\xff:/s",
    [[7, { name: "\xe9", home: "/\xff", shell: "/s" }]],
  ],
  [
    "names that never end are cut",
    `${"n".repeat(300)}:x:7:7::/${"h".repeat(300)}:/${"s".repeat(300)}`,
    [[7, { name: "n".repeat(256), home: `/${"h".repeat(255)}`, shell: `/${"s".repeat(255)}` }]],
  ],
  ["a comment, an empty line, a word", "# all of us:\n\nroot\n", []],
  ["the lines of another directory (nis)", "+::::::\n+@admins::::::\n", []],
  ["no name", ":x:0:0::/:/bin/sh\n", []],
  ["a negative id", "app:x:-1:0::/:/bin/sh\n", []],
  ["an id that is no number", "app:x:one:0::/:/bin/sh\n", []],
  ["an id that is not written in digits", "a:x:0x10:0:::\nb:x:1e3:0:::\nc:x: 5:0:::\n", []],
  ["nothing", "", []],
];

for (const [name, passwd, expected] of users) {
  t.test(`passwd: ${name}`, (t) => {
    t.strictSame([...readUserDirectory({ passwd, group: "" }).users], expected);
    t.end();
  });
}

t.test("group names are found by their id", (t) => {
  const { groups, users } = readUserDirectory({
    passwd: "",
    group: "root:x:0:\nwheel:x:10:root,app\nbad\n",
  });
  t.strictSame(
    [...groups],
    [
      [0, "root"],
      [10, "wheel"],
    ],
  );
  t.equal(users.size, 0);
  t.end();
});

t.test("a file of very many lines is read up to a bound", (t) => {
  const passwd = Array.from({ length: 10_050 }, (_, id) => `u${id}:x:${id}:0::/:/s`).join("\n");
  t.equal(readUserDirectory({ passwd, group: "" }).users.size, 10_000);
  t.end();
});

t.test(
  "users of a user namespace are found by the host's ids; nobody by those it does not map",
  (t) => {
    const { users, groups } = readUserDirectory({
      passwd: "root:x:0:0::/root:/bin/ash\nfar:x:70000:0::/:/s\n",
      group: "wheel:x:10:\n",
      uidMap: "0 231072 65536\n",
      gidMap: "0 300000 65536\n",
    });
    t.strictSame([...users], [[231_072, root]]);
    t.strictSame([...groups], [[300_010, "wheel"]]);
    t.end();
  },
);
