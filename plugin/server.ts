// SPDX-License-Identifier: Apache-2.0
import { createServer, type Server, type Socket } from "node:net";
import { FrameReader, writeAnswer, type Frame } from "./frames.ts";
import {
  readAuthorizationRequest,
  writeAuthorizationAnswer,
  type AuthorizationAnswer,
  type AuthorizationRequest,
} from "./protocol.ts";

/** Who answers. */
export interface AuthorizationHandler {
  /** Never rejects. */
  ask(request: AuthorizationRequest | undefined): Promise<AuthorizationAnswer>;
  /** The request is done, and the engine has its answer. Never throws. */
  answered(request: AuthorizationRequest | undefined): void;
  /** Somebody has connected who does not speak as execwarden-authz of this version does. */
  misunderstood(): void;
}

/** The server, and what ends it. */
export interface AuthorizationServer {
  /** The caller has it listen. */
  readonly server: Server;
  /** Takes no more connections and ends those that are there. */
  close(): Promise<void>;
}

/** A request's body of 4 MiB in base64, and what is around it (kBodyBytesMax of authz_forwarder.cc). */
export const questionBytesMax = 8 << 20;
const connectionsMax = 1_024;
/** Nobody asks twice on one connection before there is an answer. */
const framesWaitingMax = 16;

/**
 * Answers execwarden-authz, which stands between the engine and the daemon. Idle connections are never closed from here: it
 * would have to ask again.
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

// Frames are answered in the order in which they came.
function serve(socket: Socket, handler: AuthorizationHandler): void {
  let last = Promise.resolve();
  let waiting = 0;
  const reader = new FrameReader(questionBytesMax, (frame) => {
    waiting += 1;
    last = last.then(async () => {
      const text = await answer(frame, handler);
      waiting -= 1;
      if (!socket.destroyed) socket.write(writeAnswer(text));
    });
  });
  socket.on("data", (chunk) => {
    if (reader.take(chunk) && waiting <= framesWaitingMax) return;
    handler.misunderstood();
    socket.destroy();
  });
  socket.on("error", () => {
    // It has gone; nobody waits for the answer.
  });
}

async function answer({ kind, text }: Frame, handler: AuthorizationHandler): Promise<string> {
  const request = readAuthorizationRequest(text);
  if (kind === "question") return writeAuthorizationAnswer(await handler.ask(request));
  // What the engine has done cannot be refused any more: what is read was asked for before.
  handler.answered(request);
  return writeAuthorizationAnswer({ isAllowed: true });
}
