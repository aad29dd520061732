// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../../util/byte-string.ts";
import type { ExecEvent } from "../../model/event.ts";
import type { FieldSpec } from "../../lang/field.ts";
import { plainFields } from "./define.ts";

/** user.* and group.*, named as the container's own files name them. Unknown names are the text `<NA>`. */
export const userFields: readonly FieldSpec<ExecEvent>[] = plainFields<ExecEvent>([
  ["user.uid", "u32", "user id", ({ process }) => process.uid],
  [
    "user.name",
    "string",
    "user name",
    ({ process }) => orRoot(process.userName, process.uid, "root"),
  ],
  [
    "user.homedir",
    "string",
    "home directory",
    ({ process }) => orRoot(process.userHome, process.uid, "/root"),
  ],
  ["user.shell", "string", "login shell", ({ process }) => process.userShell ?? unknownName],
  ["user.loginuid", "i64", "audit user id, -1 when unset", ({ process }) => process.loginuid ?? -1],
  [
    "user.loginname",
    "string",
    "audit user name",
    ({ process }) => orRoot(process.loginName, process.loginuid, "root"),
  ],
  ["group.gid", "u32", "group id", ({ process }) => process.gid],
  [
    "group.name",
    "string",
    "group name",
    ({ process }) => orRoot(process.groupName, process.gid, "root"),
  ],
]);

const unknownName = "<NA>";

function orRoot(name: ByteString | undefined, id: number | undefined, root: string): ByteString {
  return name ?? (id === 0 ? root : unknownName);
}
