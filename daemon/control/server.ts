// SPDX-License-Identifier: Apache-2.0
import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import type { Clock, Log } from "../model/ports.ts";
import type { ControlStatus } from "../model/status.ts";
import type { Result } from "../util/result.ts";
import type { AccessGroups, Caller } from "./access.ts";
import { controlStatus, type ControlLimits, type ControlState, type ControlTools } from "./call.ts";
import { serve } from "./serve.ts";
import { listenOnSocket } from "./socket.ts";

/** What the control server is built from. */
export interface ControlServerOptions {
  readonly socketPath: string;
  /** Who may read and who may write, besides root. */
  readonly groups: AccessGroups;
  /** Who is at the other end of a connection. */
  readonly identify: (socket: Socket) => Promise<Caller | undefined>;
  readonly tools: ControlTools;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: ControlLimits;
}

/** Bounds that people and tools on one host keep within. */
export const defaultControlLimits: ControlLimits = {
  connectionsMax: 256,
  requestTimeoutMs: 10_000,
  answerTimeoutMs: 60_000,
  headerBytesMax: 8192,
  bodyBytesMax: 65_536,
  followersMax: 128,
  heldAlertsMax: 1000,
};

/** The daemon's API. */
export interface ControlServer {
  /** Listens; fails when another daemon answers on the socket, or the path cannot be used. */
  start(): Promise<Result<void>>;
  /** Stops listening, ends every connection and removes the socket. */
  stop(): Promise<void>;
  counters(): ControlStatus;
}

/** Builds the server; it listens when started. */
export function createControlServer(options: ControlServerOptions): ControlServer {
  const { socketPath, groups, log, limits = defaultControlLimits } = options;
  const state: ControlState = { limits, followers: 0, alertsLost: 0, connectionsRefused: 0 };
  const server = createHttpServer(limits);
  server.on("request", (request, response) => {
    void serve(request, response, { ...options, state });
  });
  server.on("drop", () => {
    state.connectionsRefused += 1;
  });
  return {
    async start() {
      const result = await listenOnSocket(server, {
        path: socketPath,
        groupId: groups.readers?.id,
      });
      if (result.ok) {
        server.on("error", (error) => {
          log.error("control socket failed", { socket: socketPath, error });
        });
        log.info("control socket is open", {
          socket: socketPath,
          readers: accessText(groups.readers?.name),
          writers: accessText(groups.writers?.name),
        });
      }
      return result;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
    counters: () => controlStatus(state),
  };
}

/** How often Node looks for requests that are late; its own default is 30 s. */
const timeoutCheckMs = 1000;

function createHttpServer(limits: ControlLimits): Server {
  const server = createServer({
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.requestTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: Math.min(timeoutCheckMs, limits.requestTimeoutMs),
    keepAliveTimeout: 1000,
  });
  server.maxConnections = limits.connectionsMax;
  return server;
}

function accessText(group: string | undefined): string {
  return group === undefined ? "root only" : `root and group ${group}`;
}
