// SPDX-License-Identifier: Apache-2.0
import { refuse, type Refusal } from "./reply.ts";

/** The process at the other end of a connection, as the kernel knew it when it connected (unix(7)). */
export interface Caller {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, `gid` not necessarily among them. */
  readonly groups: readonly number[];
  /** Name of `uid` in the host's /etc/passwd. */
  readonly user?: string;
  /** Who logged in before sudo, where the audit login uid tells (/proc/PID/loginuid). */
  readonly loginUser?: string;
}

/** A group of the host. */
export interface Group {
  readonly name: string;
  readonly id: number;
}

/** Whom the socket is for, besides root. */
export interface AccessGroups {
  /** They may look. Undefined when the group does not exist. */
  readonly readers?: Group | undefined;
  /** They may also change what the daemon does. Undefined: root alone. */
  readonly writers?: Group | undefined;
}

/** `read`: for all who may open the socket. `write`: for those who may change what the daemon does. */
export type Access = "read" | "write";

/** Why the caller may not; undefined when it may. */
export function refuseAccess(
  caller: Caller,
  access: Access,
  groups: AccessGroups,
): Refusal | undefined {
  if (caller.uid === 0 || isMember(caller, groups.writers)) return undefined;
  if (access === "read" && isMember(caller, groups.readers)) return undefined;
  const who = `user ${caller.user ?? caller.uid}`;
  const needed = access === "write" ? groups.writers : (groups.readers ?? groups.writers);
  const what = access === "write" ? "change what the daemon does" : "ask the daemon";
  const how =
    needed === undefined
      ? `it takes root: use sudo${access === "write" ? ", or set control.writers_group" : ""}`
      : `it takes root or the group "${needed.name}": use sudo, or sudo usermod -aG ${needed.name} "$USER" (then log in again)`;
  return refuse(403, "not-permitted", { message: `cannot let ${who} ${what}: ${how}` });
}

function isMember({ gid, groups }: Caller, group: Group | undefined): boolean {
  return group !== undefined && (gid === group.id || groups.includes(group.id));
}
