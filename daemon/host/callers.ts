// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { userOfId } from "./groups.ts";

/** The process at the other end of a unix socket. */
export interface CallerIdentity {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly user?: string;
  readonly loginUser?: string;
}

/** (uid_t)-1 in /proc/PID/loginuid: nobody logged in (proc(5)). */
const noLogin = 4_294_967_295;

/**
 * Makes the function that says who is at the other end of a connection. `read` answers with [0, pid, uid, gid,
 * groups…] or [errno]. Undefined when the kernel does not say.
 */
export function createCallers(
  read: (fd: number) => readonly number[],
): (socket: Socket) => Promise<CallerIdentity | undefined> {
  const known = new WeakMap<Socket, Promise<CallerIdentity | undefined>>();
  return (socket) => {
    const identity = known.get(socket) ?? identify(socket, read);
    known.set(socket, identity);
    return identity;
  };
}

async function identify(
  socket: Socket,
  read: (fd: number) => readonly number[],
): Promise<CallerIdentity | undefined> {
  const fd = descriptorOf(socket);
  if (fd === undefined) return undefined;
  const [errno, pid, uid, gid, ...groups] = read(fd);
  if (errno !== 0 || pid === undefined || uid === undefined || gid === undefined) return undefined;
  const [user, loginUser] = await Promise.all([nameOf(uid), loginOf(pid)]);
  return {
    pid,
    uid,
    gid,
    groups,
    ...(user === undefined ? {} : { user }),
    ...(loginUser === undefined ? {} : { loginUser }),
  };
}

/** libuv's handle of a pipe knows its descriptor; Node has no public name for it. */
function descriptorOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as unknown as { _handle?: { fd?: number } | null };
  const fd = handle?.fd;
  return fd === undefined || fd < 0 ? undefined : fd;
}

// Names are for audit only: without /etc/passwd the numbers have to do.
async function nameOf(uid: number): Promise<string | undefined> {
  try {
    return await userOfId(uid);
  } catch {
    return undefined;
  }
}

async function loginOf(pid: number): Promise<string | undefined> {
  try {
    const uid = Number(await readFile(`/proc/${pid}/loginuid`, "latin1"));
    return uid === noLogin ? undefined : ((await nameOf(uid)) ?? String(uid));
  } catch {
    return undefined;
  }
}
