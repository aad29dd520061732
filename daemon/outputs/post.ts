// SPDX-License-Identifier: Apache-2.0
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { readRetryAfter } from "./retry.ts";

/** What came of one request: `refused` will be refused again, `failed` may work later. */
export type PostResult =
  | { readonly kind: "accepted" }
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "failed"; readonly message: string; readonly retryAfterMs?: number };

/** Sends bodies to one address over connections that are kept. */
export interface Poster {
  /** Never rejects. */
  post(body: string): Promise<PostResult>;
  /** Ends what is under way. */
  close(): void;
}

/** What a poster needs. */
export interface PosterOptions {
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly limits: { readonly timeoutMs: number; readonly requestsInFlightMax: number };
}

/** Builds a poster of JSON for an http or https address. Redirects are not followed. */
export function createPoster({ url, headers = {}, limits }: PosterOptions): Poster {
  const isHttps = url.protocol === "https:";
  const agentOptions = { keepAlive: true, maxSockets: limits.requestsInFlightMax };
  const agent = isHttps ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  const request = isHttps ? httpsRequest : httpRequest;
  const endpoint = new URL(url);
  const authorization = authorizationOf(endpoint);
  endpoint.username = "";
  endpoint.password = "";

  return {
    post: (body) =>
      new Promise((resolve) => {
        const call = request(endpoint, {
          method: "POST",
          agent,
          headers: {
            ...authorization,
            ...headers,
            "content-type": "application/json",
            "content-length": Buffer.byteLength(body),
            "user-agent": "execwarden",
          },
        });
        const timer = setTimeout(() => {
          call.destroy(new Error(`no answer within ${limits.timeoutMs} ms`));
        }, limits.timeoutMs);
        const fail = (error: Error): void => {
          clearTimeout(timer);
          resolve({ kind: "failed", message: error.message });
        };
        call.on("error", fail);
        call.on("response", (response) => {
          response.on("error", fail);
          response.on("end", () => {
            clearTimeout(timer);
            resolve(resultOf(response));
          });
          // Read to its end, so that the connection can be used again; nobody looks at it.
          response.resume();
        });
        call.end(body);
      }),
    close() {
      agent.destroy();
    },
  };
}

function authorizationOf({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === "" && password === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair, "utf8").toString("base64")}` };
}

/** Statuses after which the same request may work later (RFC 9110, RFC 6585, RFC 8470). */
const retriedStatuses: ReadonlySet<number> = new Set([408, 425, 429]);

function resultOf(response: IncomingMessage): PostResult {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return { kind: "accepted" };
  const message = `the receiver answered ${status}`;
  if (status < 500 && !retriedStatuses.has(status)) return { kind: "refused", message };
  const retryAfterMs = readRetryAfter(response.headers["retry-after"], Date.now());
  return { kind: "failed", message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
