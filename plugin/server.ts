// SPDX-License-Identifier: Apache-2.0
import { createServer, type Server, type Socket } from "node:net";
import { CallReader, type Call } from "./call-reader.ts";
import {
  activation,
  readAuthorizationRequest,
  writeAuthorizationAnswer,
  type AuthorizationAnswer,
  type AuthorizationRequest,
} from "./protocol.ts";

/** Who answers. */
export interface AuthorizationHandler {
  activated(): void;
  /** Never rejects. */
  ask(request: AuthorizationRequest | undefined): Promise<AuthorizationAnswer>;
  /** The request is done, and its answer about to go out. Never throws. */
  answered(request: AuthorizationRequest | undefined): void;
}

/** The server, and what ends it. */
export interface AuthorizationServer {
  /** The caller has it listen. */
  readonly server: Server;
  /** Takes no more connections and ends those that are there. */
  close(): Promise<void>;
}

/** A request's body of 4 MiB in base64, and what is around it. */
export const questionBytesMax = 8 << 20;
const connectionsMax = 1_024;
const headerBytesMax = 16_384;
/** Nobody asks twice on one connection before there is an answer. */
const callsWaitingMax = 16;

const bounds = { headBytesMax: headerBytesMax, bodyBytesMax: questionBytesMax };
const mediaType = "application/vnd.docker.plugins.v1.2+json";

/**
 * Docker's authorization protocol, without the HTTP server of Node, which took a third of the daemon's time for a request. Idle
 * connections are never closed from here: the engine would send its next question into the closed one, and send it again
 * without a body.
 */
export function createAuthorizationServer(handler: AuthorizationHandler): AuthorizationServer {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serve(socket, handler);
  });
  server.maxConnections = connectionsMax;
  return {
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const socket of sockets) socket.destroy();
      }),
  };
}

// Calls are answered in the order in which they came.
function serve(socket: Socket, handler: AuthorizationHandler): void {
  let last = Promise.resolve();
  let waiting = 0;
  const reader = new CallReader(bounds, (call) => {
    waiting += 1;
    last = last.then(async () => {
      await answer(socket, call, handler);
      waiting -= 1;
    });
  });
  socket.on("data", (chunk) => {
    if (!reader.take(chunk) || waiting > callsWaitingMax) socket.destroy();
  });
  socket.on("error", () => {
    // The engine has gone; nobody waits for the answer.
  });
}

async function answer(socket: Socket, call: Call, handler: AuthorizationHandler): Promise<void> {
  const { path, body } = call;
  switch (path) {
    case "/Plugin.Activate":
      handler.activated();
      send(socket, activation);
      return;
    case "/AuthZPlugin.AuthZReq": {
      const question = body === undefined ? undefined : readAuthorizationRequest(body);
      send(socket, writeAuthorizationAnswer(await handler.ask(question)));
      return;
    }
    // What the engine has done cannot be refused any more: what is read was asked for before.
    case "/AuthZPlugin.AuthZRes":
      handler.answered(body === undefined ? undefined : readAuthorizationRequest(body));
      send(socket, writeAuthorizationAnswer({ isAllowed: true }));
      return;
    default:
      send(socket, '{"Err":"no such call"}', "404 Not Found");
  }
}

function send(socket: Socket, text: string, status = "200 OK"): void {
  if (socket.destroyed) return;
  const length = Buffer.byteLength(text);
  socket.write(
    `HTTP/1.1 ${status}\r\nContent-Type: ${mediaType}\r\nContent-Length: ${length}\r\n\r\n${text}`,
  );
}
