// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";

/** The service's program, and that of the managed plugin: one behaves as the other. */
const programs: readonly (readonly [name: string, ...command: string[]])[] = [
  ["the service", process.execPath, inCheckout("dist/plugin/main.js")],
  ["the managed plugin", inCheckout("daemon/kernel/addon/build/Release/execwarden-authz")],
];
const deadlineMs = 500;

function inCheckout(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

interface Plugin {
  readonly child: ChildProcess;
  readonly socket: string;
  readonly log: () => string;
}

async function startPlugin(
  [program = "", ...args]: readonly string[],
  directory: string,
  onFailure: string,
): Promise<Plugin> {
  const socket = join(directory, "plugin.sock");
  const child = spawn(program, args, {
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
    // As the daemon does: the whole question first.
    asked.resume().once("end", () => {
      if (answer !== undefined) response.end(answer);
    });
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

const cases = programs.flatMap((one) => [
  [...one, "allow"],
  [...one, "deny"],
]);
for (const [name = "", ...rest] of cases) {
  const [onFailure = "", command] = [rest.at(-1), rest.slice(0, -1)];
  t.test(`${name}: while the daemon is away the answer is ${onFailure}`, async (t) => {
    // A path of at most 107 bytes (unix(7)).
    const directory = mkdtempSync(join(tmpdir(), "forward-"));
    t.teardown(() => {
      rmSync(directory, { recursive: true, force: true });
    });
    const { child, socket, log } = await startPlugin(command, directory, onFailure);
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

t.test("the daemon hears of what is done, so that it knows who is free to ask again", async (t) => {
  for (const [name, ...command] of programs) {
    const directory = mkdtempSync(join(tmpdir(), "forward-"));
    t.teardown(() => {
      rmSync(directory, { recursive: true, force: true });
    });
    const heard: string[] = [];
    const daemon = await startDaemon(directory, '{"Allow":true}');
    daemon.on("request", ({ url }: { readonly url?: string }) => heard.push(url ?? ""));
    const { child, socket } = await startPlugin(command, directory, "allow");
    t.teardown(() => child.kill("SIGKILL"));
    await ask(socket, asking, question("POST"));
    await ask(socket, "/AuthZPlugin.AuthZRes", question("POST"));
    t.strictSame(heard, [asking, "/AuthZPlugin.AuthZRes"], name);
    daemon.closeAllConnections();
    daemon.close();
  }
});

t.test("settings that say nothing are refused", async (t) => {
  for (const [name, program = "", ...args] of programs) {
    const child = spawn(program, args, { env: { EXECWARDEN_ON_FAILURE: "maybe" } });
    const [code] = (await once(child, "exit")) as [number];
    t.equal(code, 78, name);
  }
});
