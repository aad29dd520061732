// SPDX-License-Identifier: Apache-2.0
// What somebody is told who may not open the socket: a real socket, and a real user without rights.
import { chmodSync, chownSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { createControlClient, type NameOfGroup } from "../../daemon/cli/client.ts";

const nobody = 65_534;
const group = 54_321;

/** The message for a user without rights, of a socket with this group and mode. */
async function refusedBy(
  t: Test,
  socket: { readonly group: number; readonly directoryMode?: number },
  nameOfGroup?: NameOfGroup,
): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "execwarden-"));
  const path = join(directory, "ew.sock");
  const server = createServer((_, response) => response.end("{}"));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  chownSync(path, 0, socket.group);
  chmodSync(path, socket.group === 0 ? 0o600 : 0o660);
  chmodSync(directory, socket.directoryMode ?? 0o755);
  process.seteuid?.(nobody);
  try {
    const answer = await createControlClient(path, nameOfGroup).get("/v1/status");
    t.match(answer, { ok: false, error: { kind: "refused" } });
    return answer.ok ? "" : answer.error.message.replace(path, "SOCKET");
  } finally {
    process.seteuid?.(0);
  }
}

/** Debian 13's own node lets nobody change its user ("io_uring may be enabled"). */
function canChangeUser(): boolean {
  try {
    process.seteuid?.(0);
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

if (canChangeUser()) {
  t.test("the group that the socket is for is named, and how to join it", async (t) => {
    const asked: number[] = [];
    const message = await refusedBy(t, { group }, (id) => {
      asked.push(id);
      return Promise.resolve("wardens");
    });
    t.equal(
      message,
      'cannot open "SOCKET": permission denied; use sudo, or join the group "wardens" that it is for: sudo usermod -aG wardens "$USER" (then log in again)',
    );
    t.strictSame(asked, [group]);
  });

  const others = [
    { name: "a group without a name here", socket: { group }, says: /the group with id 54321/ },
    { name: "a socket of root alone", socket: { group: 0 }, says: /for root alone: use sudo$/ },
    {
      name: "a directory that nobody may enter",
      socket: { group, directoryMode: 0o700 },
      says: /permission denied; use sudo$/,
    },
  ];
  for (const { name, socket, says } of others) {
    t.test(name, async (t) => {
      t.match(await refusedBy(t, socket), says);
    });
  }
  t.test("groups that cannot be looked up keep nobody from the message", async (t) => {
    const broken: NameOfGroup = () => Promise.reject(new Error("no /etc/group"));
    t.match(await refusedBy(t, { group }, broken), /the group with id 54321/);
  });
} else {
  t.plan(0, "only root can become somebody without rights, with a node that lets it");
}
