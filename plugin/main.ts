#!/usr/bin/env node
// The authorization plugin that the engine sees: a small process of its own that hands each question on to the daemon,
// and gives the configured answer while the daemon is away. As a service (systemd/execwarden-authz.*) it gets its socket
// from systemd; as a managed plugin, or by hand, it opens it itself. The only file of the room that reads env or exits.
// SPDX-License-Identifier: Apache-2.0
import { rmSync } from "node:fs";
import { createForwarder } from "./forward.ts";
import { createAuthorizationServer } from "./server.ts";

/** The first descriptor that systemd hands over (sd_listen_fds(3)). */
const firstPassed = 3;
const { env } = process;
const listenPath = env["EXECWARDEN_LISTEN"] ?? "/run/docker/plugins/execwarden.sock";
const onFailure = env["EXECWARDEN_ON_FAILURE"] ?? "allow";
const deadlineMs = Number(env["EXECWARDEN_DEADLINE_MS"] ?? "5000");

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}

function fail(message: string): never {
  say(message);
  process.exit(78);
}

if (onFailure !== "allow" && onFailure !== "deny")
  fail(`cannot read EXECWARDEN_ON_FAILURE "${onFailure}": expected allow or deny`);
if (!(deadlineMs >= 50 && deadlineMs <= 60_000))
  fail("cannot read EXECWARDEN_DEADLINE_MS: expected milliseconds from 50 to 60000");

const socketPath = env["EXECWARDEN_SOCKET"] ?? "/run/execwarden/authz.sock";
const server = createAuthorizationServer(
  createForwarder({ socketPath, deadlineMs, onFailure, warn: say }),
);
server.on("error", (error) => {
  fail(`cannot listen: ${error.message}`);
});
const isPassed = env["LISTEN_PID"] === String(process.pid) && env["LISTEN_FDS"] === "1";
if (isPassed) server.listen({ fd: firstPassed });
else {
  // A socket that nobody answers on delays the engine by 15 s for each plugin that it looks up.
  rmSync(listenPath, { force: true });
  server.listen(listenPath);
}
server.on("listening", () => {
  const where = isPassed ? "the socket of systemd" : listenPath;
  say(`asking the daemon at ${socketPath} for the engine at ${where}; without it: ${onFailure}`);
});
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    server.close();
    server.closeAllConnections();
    // systemd keeps its socket, where the engine's next question waits for our successor.
    if (!isPassed) rmSync(listenPath, { force: true });
    process.exit(0);
  });
}
