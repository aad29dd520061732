// SPDX-License-Identifier: Apache-2.0
import { chmod, chown, lstat, mkdir, unlink } from "node:fs/promises";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { err, ok, type Result } from "../util/result.ts";

/** Where to listen, and who may connect besides root. */
export interface SocketPlace {
  readonly path: string;
  /** Members of this group may connect; without it root alone. */
  readonly groupId?: number | undefined;
}

/**
 * Binds a server to a unix socket with mode 0660 (0600 without a group). A socket that a daemon left behind is
 * replaced; one that somebody answers on is an error, as is anything that is no socket.
 */
export async function listenOnSocket(
  server: Server,
  { path, groupId }: SocketPlace,
): Promise<Result<void>> {
  try {
    const obstacle = await clearPath(path);
    if (obstacle !== undefined) return err(new Error(`cannot listen on "${path}": ${obstacle}`));
    // 0755: who may connect is the socket's own affair, and `execwarden status` should be able to tell.
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await listen(server, path);
    // Until here the umask keeps others out: connecting takes write permission (unix(7)).
    if (groupId !== undefined) await chown(path, 0, groupId);
    await chmod(path, groupId === undefined ? 0o600 : 0o660);
    return ok(undefined);
  } catch (cause) {
    server.close();
    return err(new Error(`cannot listen on "${path}": ${messageOf(cause)}`, { cause }));
  }
}

/** sun_path holds 108 bytes with the closing zero (unix(7)); libuv cuts longer paths without a word. */
const pathBytesMax = 107;

/** Removes a socket without an owner; says what stands in the way of listening. */
async function clearPath(path: string): Promise<string | undefined> {
  if (Buffer.byteLength(path) > pathBytesMax) {
    return `the path has more than ${pathBytesMax} bytes; set a shorter control.socket`;
  }
  const kind = await kindOf(path);
  if (kind === "nothing") return undefined;
  if (kind === "other")
    return "something that is no socket is there; remove it, or set control.socket";
  if (await isAnswered(path)) return "another daemon answers there; stop it first";
  await unlink(path);
  return undefined;
}

async function kindOf(path: string): Promise<"nothing" | "socket" | "other"> {
  try {
    return (await lstat(path)).isSocket() ? "socket" : "other";
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "nothing";
    throw error;
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", (error) => {
      // Any other refusal (a full backlog, no permission) means that somebody holds it.
      resolve(!["ECONNREFUSED", "ENOENT"].includes(codeOf(error) ?? ""));
    });
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
