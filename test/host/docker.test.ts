// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { createDockerEngine } from "../../daemon/host/docker.ts";
import type { RuntimeFailure } from "../../daemon/model/ports.ts";
import { until } from "../support/until.ts";

const id = "a".repeat(64);
const waitMs = 60_000;

/** An engine on a socket of its own that answers as the test says. */
async function serve(t: Tap, answer: RequestListener) {
  const server = createServer(answer);
  // Not the test's own directory: a socket's path has no more than 107 bytes.
  const directory = mkdtempSync(join(tmpdir(), "docker-"));
  const socketPath = join(directory, "docker.sock");
  server.listen(socketPath);
  await once(server, "listening");
  const engine = createDockerEngine({ host: `unix://${socketPath}` });
  t.teardown(() => {
    engine.close();
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true });
  });
  return { engine, server };
}

interface Tap {
  teardown(end: () => void): unknown;
}

t.test("the version agreed on is asked for from then on", async (t) => {
  const paths: (string | undefined)[] = [];
  const { engine } = await serve(t, ({ url }, response) => {
    paths.push(url);
    response.end(JSON.stringify({ ApiVersion: "1.41", MinAPIVersion: "1.12", ID: "engine" }));
  });
  t.strictSame(await engine.negotiate(waitMs), { ok: true, value: "1.41" });
  t.match(await engine.info(waitMs), { ok: true, value: { id: "engine", apiVersion: "1.41" } });
  t.strictSame(paths, ["/version", "/v1.41/info"]);
});

t.test("an engine that is too old is refused with both versions", async (t) => {
  const { engine } = await serve(t, (_, response) => {
    response.end(JSON.stringify({ ApiVersion: "1.39" }));
  });
  const message = /speaks API "1\.39", and 1\.40 or newer is needed/;
  t.match(await engine.negotiate(waitMs), { ok: false, error: { kind: "refused", message } });
});

t.test("an answer that is no JSON makes a failure or nothing, and no throw", async (t) => {
  const { engine } = await serve(t, (_, response) => {
    response.end("<html>");
  });
  t.match(await engine.negotiate(waitMs), { ok: false, error: { kind: "refused" } });
  t.strictSame(await engine.list(waitMs), { ok: true, value: [] });
});

t.test("an engine that is silent costs no more than the timeout", async (t) => {
  const { engine } = await serve(t, () => undefined);
  const startMs = performance.now();
  t.match(await engine.inspect(id, 50), { ok: false, error: { kind: "timeout" } });
  t.match(await engine.kill(id, { timeoutMs: 50 }), { ok: false, error: { kind: "timeout" } });
  t.ok(performance.now() - startMs < 20_000);
});

t.test("an engine that goes away in the middle of an answer costs no more either", async (t) => {
  const { engine } = await serve(t, ({ socket }, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("{");
    setTimeout(() => socket.destroy(), 10);
  });
  t.match(await engine.inspect(id, 100), { ok: false, error: { kind: "timeout" } });
});

t.test("no engine at all is unreachable", async (t) => {
  const engine = createDockerEngine({ host: "unix:///nonexistent/docker.sock" });
  t.match(await engine.negotiate(waitMs), { ok: false, error: { kind: "unreachable" } });
  t.match(await engine.pause(id, waitMs), { ok: false, error: { kind: "unreachable" } });
});

t.test("DOCKER_HOST of the environment has no say", async (t) => {
  const before = process.env["DOCKER_HOST"];
  process.env["DOCKER_HOST"] = "tcp://192.0.2.1:2375";
  t.teardown(() => {
    if (before === undefined) delete process.env["DOCKER_HOST"];
    else process.env["DOCKER_HOST"] = before;
  });
  const { engine } = await serve(t, (_, response) => {
    response.end(JSON.stringify({ ApiVersion: "1.41" }));
  });
  t.match(await engine.negotiate(waitMs), { ok: true });
});

t.test("a host that cannot be used is said at once", (t) => {
  t.throws(() => createDockerEngine({ host: "ssh://host" }), { message: /ssh is not supported/ });
  t.end();
});

t.test("a stop gives the container the grace that fits into its time", async (t) => {
  const paths: (string | undefined)[] = [];
  const { engine } = await serve(t, ({ url }, response) => {
    paths.push(url);
    response.writeHead(204).end();
  });
  for (const options of [
    { timeoutMs: 60_000 },
    { timeoutMs: 5_000 },
    { timeoutMs: 500 },
    { timeoutMs: 60_000, graceMs: 30_000 },
    { timeoutMs: 60_000, graceMs: 1 },
    { timeoutMs: 60_000, graceMs: 0 },
    { timeoutMs: 5_000, graceMs: 30_000 },
  ])
    await engine.stop(id, options);
  await engine.restart(id, { timeoutMs: 60_000, graceMs: 3_000 });
  t.strictSame(
    paths.map((path) => path?.split("/").at(-1)),
    [
      ...["stop?t=10", "stop?t=4", "stop?t=0", "stop?t=30", "stop?t=1", "stop?t=0", "stop?t=4"],
      "restart?t=3",
    ],
  );
});

t.test("events come one by one until the stream ends, and its end is told once", async (t) => {
  let asked = "";
  const { engine, server } = await serve(t, ({ url }, response) => {
    asked = url ?? "";
    response.write('{"number":1}\n{"num');
    response.write('ber":2}\nnonsense\n');
  });
  const seen: unknown[] = [];
  const ends: RuntimeFailure[] = [];
  let lost = 0;
  const followed = await engine.events({
    sinceNs: 1_700_000_000_500_000_000n,
    timeoutMs: waitMs,
    onEvent: (event) => seen.push(event),
    onLost: () => {
      lost += 1;
    },
    onEnd: (failure) => ends.push(failure),
  });
  t.ok(followed.ok);
  await until(() => lost === 1, waitMs);
  t.strictSame(seen, [{ number: 1 }, { number: 2 }]);
  t.match(asked, "since=1700000000.5");
  server.closeAllConnections();
  await until(() => ends.length > 0, waitMs);
  t.match(ends, [{ message: /^cannot follow the engine's events: / }]);
  t.equal(ends.length, 1);
});

t.test("after close no event and no end is told", async (t) => {
  const { engine, server } = await serve(t, (_, response) => {
    response.write("1\n");
  });
  const told: unknown[] = [];
  const followed = await engine.events({
    sinceNs: 0n,
    timeoutMs: waitMs,
    onEvent: (event) => told.push(event),
    onLost: () => told.push("lost"),
    onEnd: () => told.push("end"),
  });
  await until(() => told.length === 1, waitMs);
  if (followed.ok) followed.value.close();
  server.closeAllConnections();
  await engine.list(50);
  t.strictSame(told, [1]);
});
