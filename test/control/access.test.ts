// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { refuseAccess, type Access, type AccessGroups } from "../../daemon/control/access.ts";

const readers = { name: "execwarden", id: 900 };
const writers = { name: "wardens", id: 901 };
const alice = { pid: 7, uid: 1000, gid: 1000, user: "alice" };

const rows: {
  name: string;
  uid?: number;
  gid?: number;
  of?: number[];
  access: Access;
  groups: AccessGroups;
  says?: RegExp;
}[] = [
  { name: "root reads", uid: 0, access: "read", groups: {} },
  { name: "root writes", uid: 0, access: "write", groups: {} },
  { name: "a reader reads", of: [900], access: "read", groups: { readers } },
  { name: "a primary group counts", gid: 900, access: "read", groups: { readers } },
  {
    name: "a reader does not write",
    of: [900],
    access: "write",
    groups: { readers },
    says: /root: use sudo, or set control.writers_group$/,
  },
  {
    name: "a reader is told the writers' group",
    of: [900],
    access: "write",
    groups: { readers, writers },
    says: /group "wardens".* usermod -aG wardens/,
  },
  { name: "a writer writes", of: [900, 901], access: "write", groups: { readers, writers } },
  { name: "a writer reads", of: [901], access: "read", groups: { readers, writers } },
  {
    name: "a stranger does not read",
    access: "read",
    groups: { readers },
    says: /^cannot let user alice ask the daemon: .*group "execwarden"/,
  },
  {
    name: "without groups there is root alone",
    of: [900],
    access: "read",
    groups: {},
    says: /it takes root: use sudo$/,
  },
];
for (const { name, uid = 1000, gid = 1000, of = [], access, groups, says } of rows) {
  t.test(name, (t) => {
    const refusal = refuseAccess({ ...alice, uid, gid, groups: of }, access, groups);
    if (says === undefined) t.equal(refusal, undefined);
    else t.match(refusal, { status: 403, code: "not-permitted", message: says });
    t.end();
  });
}
