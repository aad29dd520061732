// SPDX-License-Identifier: Apache-2.0
import type { Log, Output } from "../model/ports.ts";
import type { AlertFormatter } from "./format-json.ts";
import { createHealthLog } from "./health-log.ts";
import { pause, waitUntil } from "./idle.ts";
import { defaultLineQueueLimits, LineQueue, type LineQueueLimits } from "./line-queue.ts";
import { createPoster } from "./post.ts";
import { defaultRetryLimits, pauseBeforeRetry, type RetryLimits } from "./retry.ts";

/** What one webhook needs. */
export interface WebhookOutputOptions {
  /** As policies name it in `notify`. */
  readonly name: string;
  /** http or https; user and password in it are sent as basic authorization. */
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly formatJson: AlertFormatter;
  readonly log: Log;
  readonly limits?: WebhookLimits;
}

/** Bounds of one webhook. */
export interface WebhookLimits extends LineQueueLimits, RetryLimits {
  /** For one request, from connecting to the end of the answer. */
  readonly timeoutMs: number;
  readonly requestsInFlightMax: number;
}

/** Bounds for a receiver such as falcosidekick. */
export const defaultWebhookLimits: WebhookLimits = {
  ...defaultLineQueueLimits,
  ...defaultRetryLimits,
  timeoutMs: 5000,
  requestsInFlightMax: 4,
};

/**
 * Alerts as POST requests with one JSON object each, as falcosidekick and its like take them. A receiver that is
 * slow, dead or says no costs alerts of its own bounded queue, never the daemon's time. An answer other than 2xx
 * is tried again where that can help (408, 425, 429, 5xx, no answer), a bounded number of times.
 */
export function createWebhookOutput(options: WebhookOutputOptions): Output {
  const { name, url, formatJson, log, limits = defaultWebhookLimits } = options;
  // Paths and queries of webhooks are often secrets: the log gets the origin.
  const receiver = { output: name, receiver: url.origin };
  const queue = new LineQueue(limits, () => {
    log.warn("alerts lost: the webhook's receiver is too slow or does not answer", receiver);
  });
  const poster = createPoster({ ...options, limits });
  const health = createHealthLog(log, receiver);
  const closing = new AbortController();
  let workerCount = 0;

  async function deliver(body: string): Promise<"written" | "failed"> {
    for (let attempt = 1; ; attempt++) {
      const result = await poster.post(body);
      if (result.kind === "accepted") {
        health.worked();
        return "written";
      }
      health.failed(result.message);
      if (result.kind === "refused" || attempt >= limits.attemptsMax) return "failed";
      const pauseMs = pauseBeforeRetry({ attempt, retryAfterMs: result.retryAfterMs }, limits);
      await pause(pauseMs, closing.signal);
      if (closing.signal.aborted) return "failed";
    }
  }

  async function work(): Promise<void> {
    workerCount += 1;
    for (let body = queue.take(); body !== undefined; body = queue.take()) {
      queue.settle(await deliver(body), 1);
    }
    workerCount -= 1;
  }

  return {
    name,
    write(alert) {
      if (closing.signal.aborted) {
        queue.refuse();
        return;
      }
      const isQueued = queue.push(formatJson(alert));
      if (isQueued && workerCount < limits.requestsInFlightMax) void work();
    },
    async close(timeoutMs) {
      await waitUntil(() => queue.openCount === 0, timeoutMs);
      closing.abort();
      queue.clear();
      poster.close();
      await waitUntil(() => workerCount === 0, timeoutMs);
    },
    counters: () => queue.counters(),
  };
}
