// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from "node:http";
import { jsonText } from "../util/json-text.ts";

/** Answers with one JSON object and ends. */
export function answerJson(response: ServerResponse, value: object): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(`${jsonText(value)}\n`);
}

/** Answers with text for people and ends. */
export function answerText(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
  response.end(text);
}

/** A request that cannot be served, and what would work. */
export interface Refusal {
  readonly status: 400 | 404 | 405 | 413 | 500 | 503;
  /** Stable kebab-case name. */
  readonly code: string;
  readonly message: string;
}

/** Answers with the API's error object, `{"error":{"code":…,"message":…}}`, and ends. */
export function answerError(response: ServerResponse, refusal: Refusal): void {
  const { status, code, message } = refusal;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(`${jsonText({ error: { code, message } })}\n`);
}
