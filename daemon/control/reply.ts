// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from "node:http";
import { jsonText } from "../util/json-text.ts";

/** What a handler answers with. */
export type Reply =
  | { readonly kind: "json"; readonly value: object }
  | { readonly kind: "text"; readonly text: string }
  /** The handler writes the answer itself, piece by piece, and ends it; it hears of readers that go by "close". */
  | {
      readonly kind: "stream";
      readonly contentType: string;
      readonly start: (response: ServerResponse) => void;
    }
  | Refusal;

/** A request that cannot be served, and what would work. */
export interface Refusal {
  readonly kind: "refusal";
  readonly status: RefusalStatus;
  /** Stable kebab-case name. */
  readonly code: string;
  /** "cannot …", and what to do. */
  readonly message: string;
  /** More for programs, as `error.details`. */
  readonly details?: object;
}

/** RFC 9110: 400 to 422 are the caller's affair, 500 to 504 the daemon's. */
export type RefusalStatus = 400 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 500 | 503 | 504;

/** An answer of one JSON object. */
export function json(value: object): Reply {
  return { kind: "json", value };
}

/** An answer of text for people. */
export function text(value: string): Reply {
  return { kind: "text", text: value };
}

/** A refusal: `refuse(409, "already-paused", "cannot pause …: …; resume first")`. */
export function refuse(
  status: RefusalStatus,
  code: string,
  { message, details }: { readonly message: string; readonly details?: object },
): Refusal {
  return { kind: "refusal", status, code, message, ...(details === undefined ? {} : { details }) };
}

/** Writes a reply; returns the HTTP status. A refusal is `{"error":{"code":…,"message":…,"details":…}}`. */
export function sendReply(response: ServerResponse, reply: Reply): number {
  switch (reply.kind) {
    case "json":
      return sendWhole(response, jsonType, { status: 200, body: `${jsonText(reply.value)}\n` });
    case "text":
      return sendWhole(response, textType, { status: 200, body: reply.text });
    case "refusal": {
      const { status, code, message, details } = reply;
      const body = `${jsonText({ error: { code, message, details } })}\n`;
      return sendWhole(response, jsonType, { status, body });
    }
    case "stream":
      response.writeHead(200, { "content-type": reply.contentType });
      // Who waits for events wants to see at once that the daemon listens.
      response.flushHeaders();
      reply.start(response);
      return 200;
  }
}

const jsonType = "application/json";
const textType = "text/plain; charset=utf-8";

function sendWhole(
  response: ServerResponse,
  type: string,
  { status, body }: { readonly status: number; readonly body: string },
): number {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
  return status;
}
