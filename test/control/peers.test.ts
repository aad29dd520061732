// SPDX-License-Identifier: Apache-2.0
// Who may do what, with real callers of other users; and what one caller may take of the server.
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { routes } from "../../daemon/control/routes.ts";
import { createControlServer, type ControlServerOptions } from "../../daemon/control/server.ts";
import { createCallers } from "../../daemon/host/callers.ts";
import { loadBinding } from "../../daemon/kernel/binding.ts";
import { defaultControlLimits } from "../../daemon/control/server.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { sampleControl } from "./fixtures/control.ts";

const binding = loadBinding();
const readers = { name: "readers", id: 54_321 };
const writers = { name: "writers", id: 54_322 };

async function setUp(t: Test, changes: Partial<ControlServerOptions> = {}) {
  const directory = mkdtempSync(join(tmpdir(), "execwarden-"));
  chmodSync(directory, 0o755);
  const socketPath = join(directory, "ew.sock");
  const { log, lines } = createRecordingLog();
  const server = createControlServer(
    sampleControl(socketPath, {
      groups: { readers, writers },
      identify: createCallers((fd) => binding.peerCredentials(fd)),
      log,
      ...changes,
    }),
  );
  await server.start();
  t.teardown(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });
  return { socketPath, lines, server };
}

const client = `
  const [socketPath, method, path, body] = process.argv.slice(1);
  const headers = body ? { "content-type": "application/json" } : {};
  require("http").request({ socketPath, method, path, headers }, (r) => {
    r.resume();
    r.on("end", () => console.log(r.statusCode));
  }).on("error", (e) => console.log(e.code)).end(body);`;

/** The status, or the error, of a call by another user. */
function callAs(
  { uid, gid, groups }: { uid: number; gid: number; groups: number[] },
  ...call: string[]
): Promise<string> {
  const list = groups.length === 0 ? ["--clear-groups"] : ["--groups", groups.join(",")];
  const args = [
    `--reuid=${uid}`,
    `--regid=${gid}`,
    ...list,
    process.execPath,
    "-e",
    client,
    ...call,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn("setpriv", args, { stdio: ["ignore", "pipe", "inherit"], timeout: 20_000 });
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.on("error", reject);
    child.on("close", () => {
      resolve(out.trim());
    });
  });
}

const undo = JSON.stringify({ alert: "00000000-0000-4000-8000-000000000000" });
const rows: [name: string, groups: number[], read: string, write: string][] = [
  ["a stranger does not get in", [], "EACCES", "EACCES"],
  ["a reader reads", [readers.id], "200", "403"],
  ["a writer writes", [readers.id, writers.id], "200", "404"],
];
for (const [name, groups, read, write] of rows) {
  t.test(name, { skip: process.getuid?.() === 0 ? false : "needs root" }, async (t) => {
    const { socketPath, lines } = await setUp(t);
    const user = { uid: 65_534, gid: 65_534, groups };
    t.equal(await callAs(user, socketPath, "GET", "/v1/version"), read);
    t.equal(await callAs(user, socketPath, "POST", "/v1/undo", undo), write);
    if (read !== "200") return;
    const audit = lines.find(({ message }) => message.startsWith("control call"));
    t.match(audit?.fields, {
      method: "POST",
      path: "/v1/undo",
      uid: 65_534,
      status: Number(write),
    });
    t.ok(Number(audit?.fields["pid"]) > 1);
  });
}

const bodyOf: Readonly<Record<string, object>> = {
  "/v1/allowlist/learn": { image: "nginx", for: "1m" },
  "/v1/allowlist/learned": { session: 1 },
  "/v1/undo": JSON.parse(undo) as object,
};

// By the table: a route that is added is asked as well.
for (const { method, path, access } of routes.filter((route) => route.access === "write")) {
  t.test(
    `a reader may not ${method} ${path}, with whatever body`,
    { skip: process.getuid?.() === 0 ? false : "needs root" },
    async (t) => {
      const { socketPath, lines } = await setUp(t);
      const user = { uid: 65_534, gid: 65_534, groups: [readers.id] };
      const body = bodyOf[path];
      t.equal(await callAs(user, socketPath, method, path, JSON.stringify(body ?? {})), "403");
      const audit = lines.find(({ message }) => message.startsWith("control call"));
      t.match(audit?.fields, { method, path, status: 403 }, access);
    },
  );
}

t.test("learning has no route that a reader could begin or end it by", (t) => {
  const learning = routes.filter(({ path }) => path.startsWith("/v1/allowlist/"));
  t.strictSame(learning.map(({ method, path, access }) => `${method} ${path} ${access}`).sort(), [
    "GET /v1/allowlist/learn read",
    "POST /v1/allowlist/learn write",
    "POST /v1/allowlist/learned write",
  ]);
  t.end();
});

t.test("whom the kernel does not name gets nothing", async (t) => {
  const { socketPath } = await setUp(t, { identify: () => Promise.resolve(undefined) });
  t.match(
    await raw(socketPath, "GET /v1/version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
    "HTTP/1.1 403",
  );
});

/** Sends bytes and collects what comes until the other end closes. */
function raw(socketPath: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath, () => socket.write(text));
    let answer = "";
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    socket.on("close", () => {
      resolve(answer);
    });
    socket.on("error", reject);
  });
}

const head =
  "POST /v1/undo HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n";
const bodies: [name: string, text: string, says: string | RegExp][] = [
  ["a body that is announced too long", `${head}content-length: 99999\r\n\r\n`, "HTTP/1.1 413"],
  [
    "a body that grows too long",
    `${head}transfer-encoding: chunked\r\n\r\n80\r\n${"x".repeat(128)}\r\n`,
    "HTTP/1.1 413",
  ],
  ["a body that is no JSON", `${head}content-length: 1\r\n\r\n{`, /HTTP\/1.1 400[^]*"bad-body"/],
  [
    "a body of another shape",
    `${head}content-length: 10\r\n\r\n{"alrt":""}`.replace("10", "11"),
    /HTTP\/1.1 400[^]*alert[^]*did you mean/,
  ],
  [
    "a body of another type",
    head.replace("application/json", "text/plain") + "content-length: 2\r\n\r\n{}",
    "HTTP/1.1 415",
  ],
  ["half a head", "GET /v1/version HTTP/1.1\r\n", "HTTP/1.1 408"],
  ["half a body", `${head}content-length: 50\r\n\r\n{`, "HTTP/1.1 408"],
];
for (const [name, text, says] of bodies) {
  t.test(`${name} is refused, and the connection ends`, async (t) => {
    const limits = { ...defaultControlLimits, bodyBytesMax: 100, requestTimeoutMs: 500 };
    const { socketPath } = await setUp(t, { limits });
    t.match(await raw(socketPath, text), says);
  });
}

t.test("connections are bounded, counted, and room is made again", async (t) => {
  const limits = { ...defaultControlLimits, connectionsMax: 2 };
  const { socketPath, server } = await setUp(t, { limits });
  const follow = () =>
    new Promise<() => void>((resolve, reject) => {
      const call = request({ socketPath, path: "/v1/events?follow=1", agent: false }, () => {
        resolve(() => call.destroy());
      });
      call.on("error", reject).end();
    });
  const ends = [await follow(), await follow()];
  t.equal(await raw(socketPath, "").catch(() => ""), "", "a third is closed");
  t.strictSame(server.counters(), { followers: 2, alertsLost: 0, connectionsRefused: 1 });
  for (const end of ends) end();
});
