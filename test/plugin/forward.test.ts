// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";

const program = fileURLToPath(new URL("../../dist/plugin/main.js", import.meta.url));
const deadlineMs = 500;

interface Plugin {
  readonly child: ChildProcess;
  readonly socket: string;
  readonly log: () => string;
}

async function startPlugin(directory: string, onFailure: string): Promise<Plugin> {
  const socket = join(directory, "plugin.sock");
  const child = spawn(process.execPath, [program], {
    env: {
      EXECWARDEN_LISTEN: socket,
      EXECWARDEN_SOCKET: join(directory, "authz.sock"),
      EXECWARDEN_ON_FAILURE: onFailure,
      EXECWARDEN_DEADLINE_MS: String(deadlineMs),
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  await once(child.stderr, "data");
  return { child, socket, log: () => log };
}

async function startDaemon(directory: string, answer: string | undefined): Promise<Server> {
  const server = createServer((asked, response) => {
    asked.resume();
    if (answer !== undefined) response.end(answer);
  });
  server.listen(join(directory, "authz.sock"));
  await once(server, "listening");
  return server;
}

function ask(socketPath: string, path: string, body: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, method: "POST", agent: false }, (response) => {
      response.toArray().then((chunks) => {
        resolve(JSON.parse(Buffer.concat(chunks).toString()));
      }, reject);
    })
      .on("error", reject)
      .end(body);
  });
}

const question = (method: string): string =>
  JSON.stringify({ RequestMethod: method, RequestUri: "/v1.41/containers/create" });
const asking = "/AuthZPlugin.AuthZReq";

for (const onFailure of ["allow", "deny"]) {
  t.test(`while the daemon is away the answer is ${onFailure}`, async (t) => {
    // A path of at most 107 bytes (unix(7)).
    const directory = mkdtempSync(join(tmpdir(), "forward-"));
    t.teardown(() => {
      rmSync(directory, { recursive: true, force: true });
    });
    const { child, socket, log } = await startPlugin(directory, onFailure);
    t.teardown(() => child.kill("SIGKILL"));
    t.strictSame(await ask(socket, "/Plugin.Activate", ""), { Implements: ["authz"] });
    const isAllowed = onFailure === "allow";
    t.match(await ask(socket, asking, question("POST")), { Allow: isAllowed });
    t.match(await ask(socket, asking, question("GET")), { Allow: true }, "reading never waits");
    t.match(await ask(socket, asking, ""), { Allow: isAllowed }, "a question without a body");
    t.match(await ask(socket, "/AuthZPlugin.AuthZRes", question("POST")), { Allow: true });
    t.match(log(), /the daemon does not answer/);

    const silent = await startDaemon(directory, undefined);
    t.match(await ask(socket, asking, question("POST")), { Allow: isAllowed }, "it is silent");
    silent.closeAllConnections();
    await new Promise((resolve) => silent.close(resolve));

    const refusing = await startDaemon(directory, '{"Allow":false,"Msg":"because"}');
    t.match(
      await ask(socket, asking, question("POST")),
      { Allow: false, Msg: "because" },
      "it is back",
    );
    refusing.closeAllConnections();
    refusing.close();

    child.kill("SIGTERM");
    await once(child, "exit");
    t.notOk(existsSync(socket), "no dead socket file holds the engine up");
  });
}

t.test("settings that say nothing are refused", async (t) => {
  const child = spawn(process.execPath, [program], { env: { EXECWARDEN_ON_FAILURE: "maybe" } });
  const [code] = (await once(child, "exit")) as [number];
  t.equal(code, 78);
});
