// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { Agent, request, type IncomingMessage } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { FrameReader, writeAnswer, type FrameKind } from "../../plugin/frames.ts";
import { authzProgram } from "../support/door.ts";
import { until } from "../support/until.ts";

const deadlineMs = 2_000;
const asking = "/AuthZPlugin.AuthZReq";
const telling = "/AuthZPlugin.AuthZRes";

interface Plugin {
  readonly child: ChildProcess;
  readonly socket: string;
  readonly log: () => string;
}

// A path of at most 107 bytes (unix(7)).
function makeDirectory(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), "forward-"));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

async function startPlugin(t: Test, directory: string, onFailure = "allow"): Promise<Plugin> {
  const socket = join(directory, "plugin.sock");
  const child = spawn(authzProgram, [], {
    env: {
      EXECWARDEN_LISTEN: socket,
      EXECWARDEN_SOCKET: join(directory, "authz.sock"),
      EXECWARDEN_ON_FAILURE: onFailure,
      EXECWARDEN_DEADLINE_MS: String(deadlineMs),
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  t.teardown(() => child.kill("SIGKILL"));
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  await once(child.stderr, "data");
  return { child, socket, log: () => log };
}

interface Daemon {
  readonly connections: () => number;
  stop(): Promise<void>;
}

/** Answers each frame in turn, as the daemon does. */
async function startDaemon(
  directory: string,
  answer: (kind: FrameKind) => string | undefined | Promise<string>,
): Promise<Daemon> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    const reader = new FrameReader(1 << 20, ({ kind }) => {
      void Promise.resolve(answer(kind)).then((text) => {
        if (text !== undefined) socket.write(writeAnswer(text));
      });
    });
    socket.on("data", (chunk) => reader.take(chunk));
  });
  server.listen(join(directory, "authz.sock"));
  await once(server, "listening");
  return {
    connections: () => sockets.length,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(message: IncomingMessage): Promise<string> {
  return Buffer.concat((await message.toArray()) as Buffer[]).toString();
}

type Place = string | { readonly socket: string; readonly agent: Agent };

function ask(place: Place, path: string, body: string): Promise<unknown> {
  const { socket, agent } =
    typeof place === "string" ? { socket: place, agent: false as const } : place;
  return new Promise((resolve, reject) => {
    request({ socketPath: socket, path, method: "POST", agent }, (response) => {
      bodyOf(response).then((text) => {
        resolve(JSON.parse(text));
      }, reject);
    })
      .on("error", reject)
      .end(body);
  });
}

const question = (method: string): string =>
  JSON.stringify({ RequestMethod: method, RequestUri: "/v1.41/containers/create" });

for (const onFailure of ["allow", "deny"]) {
  t.test(`while the daemon is away the answer is ${onFailure}`, async (t) => {
    const directory = makeDirectory(t);
    const { child, socket, log } = await startPlugin(t, directory, onFailure);
    t.strictSame(await ask(socket, "/Plugin.Activate", ""), { Implements: ["authz"] });
    const isAllowed = onFailure === "allow";
    t.match(await ask(socket, asking, question("POST")), { Allow: isAllowed });
    t.match(await ask(socket, asking, question("GET")), { Allow: true }, "reading never waits");
    t.match(await ask(socket, asking, ""), { Allow: isAllowed }, "a question without a body");
    t.match(await ask(socket, telling, question("POST")), { Allow: true });
    t.match(log(), /the daemon does not answer/);

    const silent = await startDaemon(directory, () => undefined);
    t.match(await ask(socket, asking, question("POST")), { Allow: isAllowed }, "it is silent");
    await silent.stop();

    const refusing = await startDaemon(directory, () => '{"Allow":false,"Msg":"because"}');
    const refused = { Allow: false, Msg: "because" };
    t.match(await ask(socket, asking, question("POST")), refused, "it is back");
    await refusing.stop();
    const next = await startDaemon(directory, () => '{"Allow":false,"Msg":"next"}');
    t.match(await ask(socket, asking, question("POST")), { Msg: "next" }, "and restarted");
    await next.stop();

    child.kill("SIGTERM");
    await once(child, "exit");
    t.notOk(existsSync(socket), "no dead socket file holds the engine up");
  });
}

t.test("connections are kept, of the engine and to the daemon", async (t) => {
  const directory = makeDirectory(t);
  const daemon = await startDaemon(directory, () => '{"Allow":true}');
  const { socket } = await startPlugin(t, directory);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let call = 0; call < 20; call += 1) {
    t.match(await ask({ socket, agent }, asking, question("POST")), { Allow: true });
    t.match(await ask({ socket, agent }, telling, question("POST")), { Allow: true });
  }
  t.equal(daemon.connections(), 1);
  agent.destroy();
  await daemon.stop();
});

t.test("the engine waits for nobody when it has answered, and no question overtakes", async (t) => {
  const directory = makeDirectory(t);
  const heard: FrameKind[] = [];
  let letGo: (() => void) | undefined;
  const daemon = await startDaemon(directory, async (kind) => {
    if (kind === "done") await new Promise<void>((resolve) => (letGo = resolve));
    heard.push(kind);
    return '{"Allow":true}';
  });
  const { socket } = await startPlugin(t, directory);
  await ask(socket, asking, question("POST"));
  await ask(socket, telling, question("POST"));
  t.strictSame(heard, ["question"], "the daemon has not heard of it yet");
  const next = ask(socket, asking, question("POST"));
  await until(() => letGo !== undefined, 60_000);
  letGo?.();
  await next;
  t.strictSame(heard, ["question", "done", "question"]);

  // One that is told of nothing holds up no question for long.
  const late = await startPlugin(t, makeDirectory(t));
  await ask(late.socket, telling, question("POST"));
  t.match(await ask(late.socket, asking, question("POST")), { Allow: true });
  await daemon.stop();
});

t.test("systemd holds the socket: nothing is opened, and nothing taken away", async (t) => {
  const directory = makeDirectory(t);
  const socket = join(directory, "passed.sock");
  const held = createServer();
  held.listen(socket);
  await once(held, "listening");
  const { fd } = (held as unknown as { readonly _handle: { readonly fd: number } })._handle;
  const start = ["-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec ${authzProgram}`];
  const child = spawn("/bin/sh", start, { stdio: ["ignore", "ignore", "pipe", fd] });
  t.teardown(() => child.kill("SIGKILL"));
  if (child.stderr === null) throw new Error("no pipe");
  const [said] = (await once(child.stderr, "data")) as [Buffer];
  t.match(said.toString(), /the socket of systemd/);
  // Node would take connections as well, and takes away the file that it made.
  const kept = join(directory, "kept.sock");
  renameSync(socket, kept);
  held.close();
  t.strictSame(await ask(kept, "/Plugin.Activate", ""), { Implements: ["authz"] });
  child.kill("SIGTERM");
  await once(child, "exit");
  t.ok(existsSync(kept));
});

t.test("settings that say nothing are refused", async (t) => {
  for (const env of [{ EXECWARDEN_ON_FAILURE: "maybe" }, { EXECWARDEN_DEADLINE_MS: "5" }]) {
    const child = spawn(authzProgram, [], { env });
    const [code] = (await once(child, "exit")) as [number];
    t.equal(code, 78);
  }
});
