// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
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
  ask(request: AuthorizationRequest | undefined): Promise<AuthorizationAnswer>;
  /** The request is done, and its answer about to go out. Never rejects. */
  answered(request: AuthorizationRequest | undefined): Promise<void>;
}

/** A request's body of 4 MiB in base64, and what is around it. */
export const questionBytesMax = 8 << 20;
const connectionsMax = 1_024;
const headerBytesMax = 16_384;

/**
 * An HTTP server of Docker's authorization protocol; the caller has it listen. Idle connections are never closed from
 * here: the engine would send its next question into the closed one, and send it again without a body.
 */
export function createAuthorizationServer(handler: AuthorizationHandler): Server {
  const server = createServer({
    maxHeaderSize: headerBytesMax,
    keepAliveTimeout: 0,
    requestTimeout: 0,
  });
  server.maxConnections = connectionsMax;
  server.on("request", (request, response) => {
    void answer(request, response, handler);
  });
  return server;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handler: AuthorizationHandler,
): Promise<void> {
  response.on("error", () => {
    // The engine has gone; nobody waits for the answer.
  });
  const body = await readAll(request);
  switch (request.url ?? "") {
    case "/Plugin.Activate":
      handler.activated();
      send(response, activation);
      return;
    case "/AuthZPlugin.AuthZReq": {
      const question = body === undefined ? undefined : readAuthorizationRequest(body);
      send(response, writeAuthorizationAnswer(await handler.ask(question)));
      return;
    }
    // What the engine has done cannot be refused any more: what is read was asked for before.
    case "/AuthZPlugin.AuthZRes":
      await handler.answered(body === undefined ? undefined : readAuthorizationRequest(body));
      send(response, writeAuthorizationAnswer({ isAllowed: true }));
      return;
    default:
      response.statusCode = 404;
      send(response, '{"Err":"no such call"}');
  }
}

function send(response: ServerResponse, text: string): void {
  response.setHeader("Content-Type", "application/vnd.docker.plugins.v1.2+json");
  response.end(text);
}

/** The whole body; undefined when it is too large or breaks off. */
function readAll(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve) => {
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      // Read on to the end, so that the connection can be used again.
      if (size <= questionBytesMax) chunks.push(chunk);
    });
    request.on("end", () => {
      resolve(size > questionBytesMax ? undefined : joined(chunks));
    });
    // After the end it changes nothing any more.
    for (const broken of ["error", "close"])
      request.on(broken, () => {
        resolve(undefined);
      });
  });
}

function joined(chunks: readonly Buffer[]): Buffer {
  const [only] = chunks;
  return only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks);
}
