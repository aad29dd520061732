// SPDX-License-Identifier: Apache-2.0
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Delivery } from "./delivery-queue.ts";
import { explainPostFailure } from "./post-failure.ts";
import { readRetryAfter } from "./retry.ts";

/**
 * What came of one request. `refused`: the same request will be refused again. `away`: the receiver did not answer or
 * cannot take anything now. `failed`: it answered with an error that may be about this alert.
 */
export type PostResult =
  | { readonly kind: "accepted" }
  | { readonly kind: "refused"; readonly message: string }
  | {
      readonly kind: "away" | "failed";
      readonly message: string;
      readonly retryAfterMs?: number;
    };

/** Sends bodies to one address over connections that are kept. */
export interface Poster {
  /** Never rejects. */
  post(delivery: Delivery): Promise<PostResult>;
  /** Ends what is under way. */
  close(): void;
}

/** What a poster needs. */
export interface PosterOptions {
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM texts. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly limits: { readonly timeoutMs: number; readonly requestsMax: number };
}

/** Builds a poster of JSON for an http or https address. Redirects are not followed. */
export function createPoster({ url, headers = {}, tls = {}, limits }: PosterOptions): Poster {
  const isHttps = url.protocol === "https:";
  const agentOptions = { keepAlive: true, maxSockets: limits.requestsMax };
  const agent = isHttps ? new HttpsAgent({ ...agentOptions, ...tls }) : new HttpAgent(agentOptions);
  const request = isHttps ? httpsRequest : httpRequest;
  const endpoint = new URL(url);
  const authorization = authorizationOf(endpoint);
  endpoint.username = "";
  endpoint.password = "";

  return {
    post: ({ key, body }) =>
      new Promise((resolve) => {
        const call = request(endpoint, {
          method: "POST",
          agent,
          headers: {
            "user-agent": "execwarden",
            ...authorization,
            ...headers,
            "content-type": "application/json",
            "content-length": Buffer.byteLength(body),
            "idempotency-key": key,
          },
        });
        const timer = setTimeout(() => {
          call.destroy(new Error(`no answer within ${limits.timeoutMs} ms`));
        }, limits.timeoutMs);
        const fail = (error: Error): void => {
          clearTimeout(timer);
          resolve({ kind: "away", message: explainPostFailure(error) });
        };
        call.on("error", fail);
        call.on("response", (response) => {
          response.on("error", fail);
          // An answer that breaks off ends without "end".
          response.on("close", () => {
            fail(new Error("the answer broke off"));
          });
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

/** Statuses that are about the receiver and not about what it was sent (RFC 9110, RFC 6585, RFC 8470). */
const awayStatuses: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);

function resultOf(response: IncomingMessage): PostResult {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return { kind: "accepted" };
  const message = `the receiver answered ${status}`;
  const isAway = awayStatuses.has(status);
  if (status < 500 && !isAway) return { kind: "refused", message };
  const retryAfterMs = readRetryAfter(response.headers["retry-after"], Date.now());
  return {
    kind: isAway ? "away" : "failed",
    message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}
