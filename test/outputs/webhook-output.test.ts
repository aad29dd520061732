// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import t from "tap";
import { formatJson } from "../../daemon/outputs/format-json.ts";
import {
  createWebhookOutput,
  defaultWebhookLimits,
  type WebhookLimits,
} from "../../daemon/outputs/webhook-output.ts";
import { createLane } from "../../daemon/util/lane.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { until } from "../support/until.ts";
import { sampleAlert } from "./fixtures/alert.ts";

interface Received {
  readonly request: IncomingMessage;
  readonly body: string;
}

type Answer = (response: ServerResponse, count: number) => void;

/** A real receiver; `answer` is called with the number of the request, from 1. */
async function receiver(t: { teardown(handler: () => void): void }, answer: Answer) {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      received.push({ request, body });
      answer(response, received.length);
    });
  });
  server.on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  // listen(port) gives an AddressInfo.
  const { port } = server.address() as AddressInfo;
  return { received, sockets, url: new URL(`http://127.0.0.1:${port}/hook?token=secret`) };
}

function webhook(url: URL, changes: Partial<WebhookLimits> = {}) {
  const { log, lines: told } = createRecordingLog();
  const limits = { ...defaultWebhookLimits, firstPauseMs: 1, pauseMaxMs: 5, ...changes };
  return { told, output: createWebhookOutput({ name: "ops", url, formatJson, log, limits }) };
}

t.test("each alert is one POST of JSON, over connections that are kept", async (t) => {
  const { received, sockets, url } = await receiver(t, (response) => response.end("{}"));
  const { output } = webhook(url, { requestsMax: 1 });
  for (let i = 0; i < 20; i++) output.write(sampleAlert({ uuid: `n${i}` }));
  await output.close(60_000);
  t.match(output.counters(), { written: 20, dropped: 0, failed: 0, queued: 0 });
  t.equal(sockets.size, 1);
  const { request, body } = received[0]!;
  t.equal(request.method, "POST");
  t.equal(request.url, "/hook?token=secret");
  t.equal(request.headers["content-type"], "application/json");
  t.equal(body, formatJson(sampleAlert({ uuid: "n0" })));
});

t.test("more than one request is under way, but no more than the bound", async (t) => {
  let now = 0;
  let most = 0;
  const { url } = await receiver(t, (response) => {
    now += 1;
    most = Math.max(most, now);
    setTimeout(() => {
      now -= 1;
      response.end();
    }, 10);
  });
  const { output } = webhook(url, { requestsMax: 3 });
  for (let i = 0; i < 30; i++) output.write(sampleAlert());
  await output.close(60_000);
  t.equal(output.counters().written, 30);
  t.equal(most, 3);
});

t.test(
  "user and password of the address become basic authorization, headers are sent",
  async (t) => {
    const { received, url } = await receiver(t, (response) => response.end());
    url.username = "me";
    url.password = "p%40ss";
    const output = createWebhookOutput({
      name: "ops",
      url,
      headers: { "x-token": "abc" },
      formatJson,
      log: createRecordingLog().log,
    });
    output.write(sampleAlert());
    await output.close(60_000);
    const { headers } = received[0]!.request;
    t.equal(headers.authorization, `Basic ${Buffer.from("me:p@ss").toString("base64")}`);
    t.equal(headers["x-token"], "abc");
  },
);

const retries = [
  { name: "a server error is tried again", status: 503, count: 2, written: 1 },
  { name: "too many requests is tried again", status: 429, count: 2, written: 1 },
  { name: "a request that is wrong is not tried again", status: 400, count: 1, written: 0 },
  { name: "a redirect is not followed", status: 302, count: 1, written: 0 },
];
for (const { name, status, count, written } of retries) {
  t.test(name, async (t) => {
    const { received, url } = await receiver(t, (response, n) => {
      response.statusCode = n === 1 ? status : 200;
      response.setHeader("location", "/elsewhere");
      response.end();
    });
    const { output } = webhook(url);
    output.write(sampleAlert());
    await output.close(60_000);
    t.equal(received.length, count);
    t.match(output.counters(), { written, dropped: 0, failed: 1 - written, queued: 0 });
  });
}

t.test("a receiver that only says no is asked a bounded number of times", async (t) => {
  const { received, url } = await receiver(t, (response) => {
    response.statusCode = 500;
    response.end();
  });
  const { output, told } = webhook(url, { attemptsMax: 3 });
  output.write(sampleAlert());
  await output.close(60_000);
  t.equal(received.length, 3);
  t.equal(output.counters().failed, 1);
  t.equal(told.length, 1, "the log is told once");
});

t.test("Retry-After is kept to, within bounds", async (t) => {
  const at: number[] = [];
  const { url } = await receiver(t, (response, n) => {
    at.push(performance.now());
    response.statusCode = n < 3 ? 503 : 200;
    response.setHeader("retry-after", n === 1 ? "0.1" : "3600");
    response.end();
  });
  const { output } = webhook(url, { retryAfterMaxMs: 150 });
  output.write(sampleAlert());
  await output.close(60_000);
  t.equal(output.counters().written, 1);
  t.ok(at[1]! - at[0]! >= 95, `${at[1]! - at[0]!}`);
  t.ok(at[2]! - at[1]! >= 145 && at[2]! - at[1]! < 60_000, `${at[2]! - at[1]!}`);
});

t.test("a receiver that hangs costs alerts of its own queue, and write stays quick", async (t) => {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const { output, told } = webhook(new URL(`http://127.0.0.1:${port}/`), {
    timeoutMs: 50,
    requestsMax: 2,
    alertsMax: 100,
  });
  const alert = sampleAlert();
  const startedMs = performance.now();
  for (let i = 0; i < 5000; i++) output.write(alert);
  t.ok(performance.now() - startedMs < 20_000, "no write waits for the receiver");
  t.match(output.counters(), { written: 0, dropped: 4898, failed: 0, queued: 102 });
  await until(() => (output.counters().retries ?? 0) >= 2, 60_000);
  const closingMs = performance.now();
  await output.close(30);
  t.ok(performance.now() - closingMs < 20_000, "close keeps its time");
  t.equal(output.counters().queued, 0, "every alert has a fate");
  t.equal(output.counters().dropped + output.counters().failed, 5000);
  t.strictSame(
    told.map(({ message }) => message),
    ["alerts are lost: the output takes them too slowly", "cannot deliver alerts; will try again"],
  );
});

t.test("a receiver that is not there yet gets its alerts when it is", async (t) => {
  const { url } = await receiver(t, (response) => response.end());
  const gone = createTcpServer();
  // An address of its own: nobody else takes the port meanwhile.
  const host = "127.0.0.77";
  await new Promise<void>((resolve) => gone.listen(0, host, resolve));
  const { port } = gone.address() as AddressInfo;
  await new Promise((resolve) => gone.close(resolve));
  t.not(url.port, String(port));
  const { output, told } = webhook(new URL(`http://${host}:${port}/`), {
    firstPauseMs: 50,
    pauseMaxMs: 50,
    attemptsMax: 5_000,
  });
  output.write(sampleAlert());
  await until(() => told.length > 0, 60_000);
  const late = createServer((request, response) => {
    request.resume();
    response.end();
  });
  await new Promise<void>((resolve) => late.listen(port, host, resolve));
  t.teardown(() => {
    late.closeAllConnections();
    late.close();
  });
  await until(() => output.counters().written === 1, 60_000);
  t.strictSame(
    told.map(({ message }) => message),
    ["cannot deliver alerts; will try again", "alerts are delivered again"],
  );
  await output.close(100);
});

t.test("what a dead receiver missed is sent after a restart, under the same keys", async (t) => {
  const { received, url } = await receiver(t, (response, n) => {
    response.statusCode = n <= 3 ? 503 : 200;
    response.end();
  });
  const spool = {
    ...{ directory: t.testdir(), name: "ops", bytesMax: 1 << 20, fsync: "never" as const },
    lane: createLane(),
  };
  const { log } = createRecordingLog();
  const limits = { ...defaultWebhookLimits, firstPauseMs: 1, pauseMaxMs: 5 };
  const dead = new URL("http://127.0.0.1:1/");
  const first = createWebhookOutput({ name: "ops", url: dead, formatJson, log, limits, spool });
  for (let i = 0; i < 50; i++) first.write(sampleAlert({ uuid: `n${i}` }));
  await until(() => first.counters().spooled === 50, 60_000);
  await first.close(2000);
  t.match(first.counters(), { written: 0, dropped: 0, failed: 0 });
  const second = createWebhookOutput({ name: "ops", url, formatJson, log, limits, spool });
  await until(() => second.counters().written === 50, 60_000);
  await second.close(60_000);
  const keys = received.map(({ request }) => request.headers["idempotency-key"]);
  t.strictSame(new Set(keys), new Set(Array.from({ length: 50 }, (_, i) => `n${i}`)));
  t.equal(keys.length, 53, "those that were answered with 503 came again");
  for (const { request, body } of received)
    t.equal((JSON.parse(body) as { uuid: string }).uuid, request.headers["idempotency-key"]);
});
