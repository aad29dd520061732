// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import t from "tap";
import type { ControlLimits } from "../../daemon/control/call.ts";
import { createControlServer, defaultControlLimits } from "../../daemon/control/server.ts";
import { formatJson } from "../../daemon/outputs/format-json.ts";
import { formatText } from "../../daemon/outputs/format-text.ts";
import { createRecentOutput } from "../../daemon/outputs/recent-output.ts";
import { sampleAlert } from "../outputs/fixtures/alert.ts";
import { jsonText } from "../../daemon/util/json-text.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { until } from "../support/until.ts";
import { sampleControl, sampleTools } from "./fixtures/control.ts";
import { sampleStatus } from "./fixtures/status.ts";

interface Setup {
  readonly limits?: Partial<ControlLimits>;
  readonly groupId?: number;
  readonly status?: () => never;
}

interface Teardown {
  teardown(handler: () => Promise<void>): void;
}

function setUp(t: Teardown, setup: Setup = {}) {
  // Not t.testdir(): its names are too long for a socket.
  const directory = mkdtempSync(join(tmpdir(), "execwarden-"));
  const socketPath = join(directory, "run", "ew.sock");
  const events = createRecentOutput(1000);
  const { log, lines } = createRecordingLog();
  const create = () =>
    createControlServer(
      sampleControl(socketPath, {
        groups: setup.groupId === undefined ? {} : { readers: { name: "g", id: setup.groupId } },
        tools: sampleTools({
          version: "1.2.3",
          status: setup.status ?? sampleStatus,
          events,
          nowMs: () => 61_000,
        }),
        log,
        limits: { ...defaultControlLimits, ...setup.limits },
      }),
    );
  const server = create();
  t.teardown(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });
  return { socketPath, events, lines, server, create };
}

interface Answered {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

function ask(
  socketPath: string,
  path: string,
  { method = "GET", body = "" } = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const headers = body === "" ? {} : { "content-length": body.length };
    const call = request({ socketPath, path, method, headers, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => {
        const { statusCode: status, headers } = response;
        resolve({ status, type: headers["content-type"], body: text });
      });
    });
    call.on("error", reject);
    call.end(body);
  });
}

/** Opens a stream and leaves reading to the caller. */
function openStream(socketPath: string, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, agent: false }, resolve);
    call.on("error", reject);
    call.end();
  });
}

t.test("the socket is for its group, or for root alone", async (t) => {
  const withGroup = setUp(t, { groupId: 12345 });
  t.ok((await withGroup.server.start()).ok);
  const stats = statSync(withGroup.socketPath);
  t.equal(stats.mode & 0o777, 0o660);
  t.equal(stats.gid, 12345);
  await withGroup.server.stop();
  const rootOnly = setUp(t);
  t.ok((await rootOnly.server.start()).ok);
  t.equal(statSync(rootOnly.socketPath).mode & 0o777, 0o600);
  t.match(rootOnly.lines[0]?.fields, { readers: "root only", writers: "root only" });
});

t.test("a socket that a killed daemon left behind is replaced", async (t) => {
  const { socketPath, server } = setUp(t);
  const script = `const s = require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
  mkdirSync(dirname(socketPath));
  try {
    execFileSync(process.execPath, ["-e", script, socketPath]);
  } catch {
    // Killed, as planned.
  }
  t.ok(statSync(socketPath).isSocket(), "it was left behind");
  t.ok((await server.start()).ok);
  t.equal((await ask(socketPath, "/v1/version")).status, 200);
});

t.test("a socket that another daemon answers on is left to it", async (t) => {
  const { socketPath, server, create } = setUp(t);
  await server.start();
  const second = await create().start();
  t.match(second, {
    ok: false,
    error: { message: /^cannot listen on ".*ew.sock": another daemon answers there/ },
  });
  t.equal((await ask(socketPath, "/v1/version")).status, 200, "the first one still answers");
});

t.test("a file in the socket's place is not removed", async (t) => {
  const { socketPath, server } = setUp(t);
  mkdirSync(dirname(socketPath));
  writeFileSync(socketPath, "precious");
  t.match(await server.start(), { ok: false, error: { message: /no socket is there/ } });
  t.ok(statSync(socketPath).isFile());
});

t.test("a path that is too long for a socket is refused, not cut", async (t) => {
  const server = createControlServer(sampleControl(`/tmp/${"a".repeat(120)}.sock`));
  t.match(await server.start(), { ok: false, error: { message: /more than 107 bytes/ } });
});

t.test("stop removes the socket and ends those who follow", async (t) => {
  const { socketPath, server } = setUp(t);
  await server.start();
  const stream = await openStream(socketPath, "/v1/events?follow=1");
  const ended = new Promise((resolve) => stream.on("close", resolve).on("error", resolve).resume());
  await server.stop();
  await ended;
  t.throws(() => statSync(socketPath), { code: "ENOENT" });
});

t.test("status and version answer", async (t) => {
  const { socketPath, server } = setUp(t);
  await server.start();
  const status = await ask(socketPath, "/v1/status");
  t.equal(status.type, "application/json");
  const control = { followers: 0, alertsLost: 0, connectionsRefused: 0 };
  t.strictSame(JSON.parse(status.body), { ...sampleStatus(), control }, "the socket counts itself");
  const text = await ask(socketPath, "/v1/status?format=text");
  t.match(text.body, "execwarden  0.1.0, pid 42, up 1 min 0 s\n");
  t.match(text.body, "losses      deadlines missed 3\n");
  const version = await ask(socketPath, "/v1/version");
  t.strictSame(JSON.parse(version.body), { name: "execwarden", version: "1.2.3", api: "v1" });
});

const refusals = [
  { name: "an unknown path names those there are", path: "/v2", status: 404, says: "/v1/status" },
  {
    name: "a method that a path does not take",
    path: "/v1/status",
    method: "POST",
    status: 405,
    says: "it takes GET",
  },
  { name: "a body is not taken", path: "/v1/status", body: "x", status: 413, says: "body" },
  { name: "an unknown parameter", path: "/v1/events?folow=1", status: 400, says: '"folow"' },
  { name: "an unknown format", path: "/v1/events?format=xml", status: 400, says: '"xml"' },
  { name: "a number that is none", path: "/v1/events?last=-1", status: 400, says: '"-1"' },
];
for (const { name, path, method, body, status, says } of refusals) {
  t.test(name, async (t) => {
    const { socketPath, server } = setUp(t);
    await server.start();
    const answer = await ask(socketPath, path, { method, body });
    t.equal(answer.status, status);
    t.match(JSON.parse(answer.body), { error: { code: /^[a-z-]+$/, message: /^cannot / } });
    t.ok(answer.body.includes(jsonText(says).slice(1, -1)), answer.body);
  });
}

t.test("a handler that throws is answered and logged, and the next one works", async (t) => {
  const { socketPath, server, lines } = setUp(t, {
    status: () => {
      throw new Error("bug");
    },
  });
  await server.start();
  t.equal((await ask(socketPath, "/v1/status")).status, 500);
  t.ok(lines.some(({ level }) => level === "error"));
  t.equal((await ask(socketPath, "/v1/version")).status, 200);
});

t.test("past events come as one JSON object a line", async (t) => {
  const { socketPath, server, events } = setUp(t);
  await server.start();
  for (let i = 0; i < 5; i++) events.write(sampleAlert({ uuid: `n${i}` }));
  const all = await ask(socketPath, "/v1/events");
  t.equal(all.type, "application/x-ndjson");
  t.equal(
    all.body,
    [0, 1, 2, 3, 4].map((i) => `${formatJson(sampleAlert({ uuid: `n${i}` }))}\n`).join(""),
  );
  const last = await ask(socketPath, "/v1/events?last=2");
  t.equal(last.body.split("\n").length, 3);
  const text = await ask(socketPath, "/v1/events?last=1&format=text&color=1");
  t.equal(text.body, formatText(sampleAlert(), { hasColor: true }));
});

t.test("a follower gets past events first, and then those that come", async (t) => {
  const { socketPath, server, events } = setUp(t);
  await server.start();
  events.write(sampleAlert({ uuid: "old" }));
  events.write(sampleAlert({ uuid: "past" }));
  const stream = await openStream(socketPath, "/v1/events?follow=1&last=1");
  let body = "";
  stream.on("data", (chunk: Buffer) => (body += chunk.toString()));
  await until(() => body.includes("\n"), 60_000);
  events.write(sampleAlert({ uuid: "new" }));
  await until(() => body.split("\n").length === 3, 60_000);
  t.strictSame(
    body
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { uuid: string }).uuid),
    ["past", "new"],
  );
  stream.destroy();
});

t.test(
  "a follower who does not read loses events, is told how many, and delays nobody",
  async (t) => {
    const { socketPath, server, events } = setUp(t, { limits: { heldAlertsMax: 10 } });
    await server.start();
    const stream = await openStream(socketPath, "/v1/events?follow=1");
    stream.pause();
    const total = 3000;
    const startedMs = performance.now();
    for (let i = 0; i < total; i++) {
      events.write(sampleAlert({ uuid: `n${i}` }));
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    t.ok(performance.now() - startedMs < 60_000);
    let body = "";
    stream.on("data", (chunk: Buffer) => (body += chunk.toString()));
    stream.resume();
    const told = (): { readonly uuids: readonly string[]; readonly dropped: number } => {
      // The last line may not be whole yet.
      const lines = body
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as { uuid?: string; dropped?: number });
      return {
        uuids: lines.flatMap(({ uuid }) => uuid ?? []),
        dropped: lines.reduce((sum, line) => sum + (line.dropped ?? 0), 0),
      };
    };
    // Every event was written or counted. One that comes before that may be lost as well.
    await until(() => told().uuids.length + told().dropped >= total, 60_000);
    events.write(sampleAlert({ uuid: "after" }));
    await until(() => told().uuids.at(-1) === "after", 60_000);
    const { uuids, dropped } = told();
    t.ok(dropped > 0);
    t.equal(uuids.length - 1 + dropped, total, "and once");
    stream.destroy();
  },
);

t.test("followers are bounded, and one who leaves makes room", async (t) => {
  const { socketPath, server } = setUp(t, { limits: { followersMax: 1 } });
  await server.start();
  const first = await openStream(socketPath, "/v1/events?follow=1");
  t.equal((await ask(socketPath, "/v1/events?follow=1")).status, 503);
  t.equal((await ask(socketPath, "/v1/events")).status, 200, "others may look");
  first.destroy();
  // The server notices in its own time.
  let second = await openStream(socketPath, "/v1/events?follow=1");
  for (let tries = 0; tries < 600 && second.statusCode !== 200; tries++) {
    second.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    second = await openStream(socketPath, "/v1/events?follow=1");
  }
  t.equal(second.statusCode, 200);
  second.destroy();
});

t.test("who sends half a request, or a huge one, is cut off", async (t) => {
  const { socketPath, server } = setUp(t, {
    limits: { requestTimeoutMs: 100, headerBytesMax: 1024 },
  });
  await server.start();
  const huge = connect(socketPath);
  huge.write(`GET /v1/status HTTP/1.1\r\nx: ${"a".repeat(5000)}`);
  let answer = "";
  huge.on("data", (chunk: Buffer) => (answer += chunk.toString()));
  await new Promise((resolve) => huge.on("close", resolve));
  t.match(answer, "HTTP/1.1 431");
});
