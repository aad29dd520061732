// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Status } from "../model/status.ts";
import type { Clock, Log } from "../model/ports.ts";
import type { Result } from "../util/result.ts";
import { answerError } from "./answer.ts";
import type { ControlLimits, ControlTools, EventFormats, EventSource } from "./call.ts";
import { type Route, routes } from "./routes.ts";
import { listenOnSocket } from "./socket.ts";

/** What the control server is built from. */
export interface ControlServerOptions {
  readonly socketPath: string;
  /** Group whose members may connect; undefined when it does not exist, and then root alone may. */
  readonly groupId?: number | undefined;
  readonly version: string;
  readonly status: () => Status;
  readonly events: EventSource;
  readonly formats: EventFormats;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: ControlLimits;
}

/** Bounds that a few people and tools on one host keep within. */
export const defaultControlLimits: ControlLimits = {
  connectionsMax: 64,
  requestTimeoutMs: 10_000,
  headerBytesMax: 8192,
  followersMax: 16,
  heldAlertsMax: 1000,
};

/** The daemon's API. */
export interface ControlServer {
  /** Listens; fails when another daemon answers on the socket, or the path cannot be used. */
  start(): Promise<Result<void>>;
  /** Stops listening, ends every connection and removes the socket. */
  stop(): Promise<void>;
}

/** Builds the server; it listens when started. */
export function createControlServer(options: ControlServerOptions): ControlServer {
  const { socketPath, groupId, clock, log, limits = defaultControlLimits } = options;
  const tools: ControlTools = {
    ...options,
    limits,
    nowMs: () => clock.nowMs(),
    followers: new Set(),
  };
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.requestTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: 1000,
    },
    (request, response) => {
      serve({ request, response, tools, log });
    },
  );
  server.maxConnections = limits.connectionsMax;
  return {
    async start() {
      const result = await listenOnSocket(server, { path: socketPath, groupId });
      if (result.ok) {
        server.on("error", (error) => {
          log.error("control socket failed", { socket: socketPath, error });
        });
        log.info("control socket is open", {
          socket: socketPath,
          access:
            groupId === undefined ? "root only: there is no group execwarden" : `group ${groupId}`,
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
  };
}

interface Served {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly tools: ControlTools;
  readonly log: Log;
}

function serve({ request, response, tools, log }: Served): void {
  // A reader that goes away in the middle of an answer is no fault of ours.
  response.on("error", () => undefined);
  if (
    Number(request.headers["content-length"] ?? "0") > 0 ||
    request.headers["transfer-encoding"]
  ) {
    const message = "cannot take a body: no request of this API has one";
    response.setHeader("connection", "close");
    answerError(response, { status: 413, code: "body-too-large", message });
    return;
  }
  const found = findRoute(request);
  if ("status" in found) {
    answerError(response, found);
    return;
  }
  try {
    found.route.handler({ request, response, query: found.query, tools });
  } catch (error) {
    log.error("control request failed", { path: found.route.path, error });
    if (response.headersSent) response.destroy();
    else {
      const message = "cannot answer: the daemon failed; see its log: journalctl -u execwarden";
      answerError(response, { status: 500, code: "internal", message });
    }
  }
}

type Found =
  | { readonly route: Route; readonly query: URLSearchParams }
  | { readonly status: 404 | 405; readonly code: string; readonly message: string };

function findRoute({ method = "", url = "/" }: IncomingMessage): Found {
  const [path = "/", search = ""] = url.split("?", 2);
  const atPath = routes.filter((route) => route.path === path);
  if (atPath.length === 0) {
    const paths = [...new Set(routes.map((route) => route.path))].join(", ");
    return {
      status: 404,
      code: "no-such-path",
      message: `cannot find "${path}": there are ${paths}`,
    };
  }
  const route = atPath.find((candidate) => candidate.method === method);
  if (route !== undefined) return { route, query: new URLSearchParams(search) };
  const methods = atPath.map((candidate) => candidate.method).join(", ");
  return {
    status: 405,
    code: "no-such-method",
    message: `cannot ${method} "${path}": it takes ${methods}`,
  };
}
