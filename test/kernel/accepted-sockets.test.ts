// SPDX-License-Identifier: Apache-2.0
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { loadBinding, type SocketWatch } from "../../daemon/kernel/binding.ts";
import { until } from "../support/until.ts";

const descriptorsMax = 8_192;
const waitMs = 30_000;
const scratch = mkdtempSync(join(tmpdir(), "accepted-"));
const socketPath = join(scratch, "listening.sock");
const program = join(scratch, "server.cjs");
writeFileSync(
  program,
  `const { createServer } = require("node:net");
// Node hands a socket to its epoll when the event loop has turned; Go does before anybody can use it.
const say = (word) => setImmediate(() => setImmediate(() => process.send(word)));
process.on("message", () => createServer().listen(0, "127.0.0.1", () => say("listening")));
createServer(() => say("accepted")).listen(${JSON.stringify(socketPath)}, () => say("ready"));
`,
);
let server: ChildProcess;
let watch: SocketWatch;

t.before(async () => {
  server = fork(program);
  await once(server, "message");
  watch = new (loadBinding().SocketWatch)(server.pid ?? 0);
});
t.teardown(() => {
  server.kill("SIGKILL");
  rmSync(scratch, { recursive: true, force: true });
});

async function connected(): Promise<Socket> {
  const socket = connect(socketPath);
  await Promise.all([once(socket, "connect"), once(server, "message")]);
  return socket;
}

/** `[inode, pid, isClosed]` of each connection. */
function rowsOf(found: readonly unknown[]): readonly (readonly unknown[])[] {
  return found
    .slice(3)
    .flatMap((_value, at) => (at % 3 === 0 ? [found.slice(3 + at, 6 + at)] : []))
    .sort(([a], [b]) => Number(a) - Number(b));
}

function count(): number {
  return rowsOf(watch.look(descriptorsMax, true)).length;
}

/** Both ways of looking say the same. */
function lookBothWays(t: Pick<Test, "strictSame">): readonly (readonly unknown[])[] {
  const quick = watch.look(descriptorsMax, false);
  const thorough = watch.look(descriptorsMax, true);
  t.strictSame(quick.slice(0, 3), thorough.slice(0, 3));
  t.strictSame(rowsOf(quick), rowsOf(thorough));
  return rowsOf(thorough);
}

t.test(
  "connections are seen as they come and go, by the epoll and by all descriptors",
  async (t) => {
    t.strictSame(lookBothWays(t), []);
    const first = await connected();
    t.strictSame(
      lookBothWays(t).map(([, pid, isClosed]) => [pid, isClosed]),
      [[process.pid, false]],
    );
    const second = await connected();
    const rows = lookBothWays(t);
    t.equal(rows.length, 2);
    for (const [inode] of rows) {
      for (const time of ["first", "again"])
        t.equal(watch.holdsOtherEnd(process.pid, Number(inode)), 1, time);
      t.equal(watch.holdsOtherEnd(server.pid ?? 0, Number(inode)), 0, "not who accepted it");
      t.equal(watch.holdsOtherEnd(process.pid, Number(inode)), 1, "asked about another meanwhile");
    }
    first.destroy();
    await until(() => count() === 1, waitMs);
    const [[left] = []] = lookBothWays(t);
    const gone = rows.map(([inode]) => inode).find((inode) => inode !== left);
    t.equal(watch.holdsOtherEnd(process.pid, Number(gone)), 0, "what is not there is nobody's");
    second.destroy();
    await until(() => count() === 0, waitMs);
    t.strictSame(lookBothWays(t), []);
  },
);

t.test("a listener on the internet is seen", async (t) => {
  const kept = await connected();
  t.strictSame(watch.look(descriptorsMax, true)[2], false);
  server.send("internet");
  await once(server, "message");
  t.equal(watch.look(descriptorsMax, true)[2], true);
  t.equal(watch.look(descriptorsMax, false)[2], true);
  kept.destroy();
});

t.test("the epoll is asked once it was seen to have all, and every descriptor else", async (t) => {
  const kept = await connected();
  t.equal(watch.look(descriptorsMax, true)[1], true);
  // Fewer sockets than that, and more descriptors.
  t.equal(watch.look(8, false)[1], true);
  t.equal(watch.look(8, true)[1], false, "a gap");
  t.equal(watch.look(8, false)[1], false, "what was not seen is not relied on");
  t.equal(watch.look(descriptorsMax, true)[1], true);
  t.equal(watch.look(1, false)[1], false, "more sockets than are looked at");
  kept.destroy();
});

t.test("a process that is gone is told", async (t) => {
  server.kill("SIGKILL");
  await once(server, "exit");
  t.strictSame(watch.look(descriptorsMax, false).slice(0, 1), [3]);
  t.not(new (loadBinding().SocketWatch)(server.pid ?? 0).look(descriptorsMax, true)[0], 0);
});
