// SPDX-License-Identifier: Apache-2.0
import type { Alert } from "../model/alert.ts";
import type { Log, Output, OutputCounters } from "../model/ports.ts";
import type { Delivery, DeliveryFate, DeliveryQueue } from "./delivery-queue.ts";
import type { AlertFormatter } from "./format-json.ts";
import { createHealthLog, type HealthLog } from "./health-log.ts";
import { pause, waitUntil } from "./idle.ts";
import { defaultQueueLimits, type QueueLimits } from "./line-queue.ts";
import { createMemoryQueue } from "./memory-queue.ts";
import { createPoster, type Poster, type PosterOptions } from "./post.ts";
import {
  defaultRetryLimits,
  type FailedAttempt,
  pauseBeforeRetry,
  type RetryLimits,
} from "./retry.ts";
import { SpooledQueue, type SpoolOptions } from "./spooled-queue.ts";

/** What one webhook needs. */
export interface WebhookOutputOptions extends Omit<PosterOptions, "limits"> {
  /** As policies name it in `notify`. */
  readonly name: string;
  /** http or https; user and password in it are sent as basic authorization. */
  readonly url: URL;
  readonly formatJson: AlertFormatter;
  readonly log: Log;
  readonly limits?: WebhookLimits;
  /** Where alerts wait on disk; absent: in memory only. */
  readonly spool?: SpoolOptions;
}

/** Bounds of one webhook. */
export interface WebhookLimits extends QueueLimits, RetryLimits {
  /** For one request, from connecting to the end of the answer. */
  readonly timeoutMs: number;
  /** Requests under way at the same time. */
  readonly requestsMax: number;
}

/** Bounds for a receiver such as falcosidekick. */
export const defaultWebhookLimits: WebhookLimits = {
  ...defaultQueueLimits,
  ...defaultRetryLimits,
  timeoutMs: 5000,
  requestsMax: 4,
};

/** Of the time to close, what is spent on delivering. */
const drainShare = 0.6;
/** A request that is ended needs a moment to be noticed. */
const restMsMin = 100;

/**
 * Alerts as POST requests with one JSON object each, as falcosidekick and its like take them. A receiver that is
 * slow, dead or says no costs alerts of its own bounded queue, never the daemon's time. An alert is tried until it is
 * accepted; it fails when the receiver refuses it for good (4xx), or answers `attemptsMax` times with an error that
 * may be its own (5xx). While the receiver is away (no answer, 408, 425, 429, 502, 503, 504) alerts wait.
 */
export function createWebhookOutput(options: WebhookOutputOptions): Output {
  return new WebhookOutput(options);
}

class WebhookOutput implements Output {
  readonly name: string;
  readonly #formatJson: AlertFormatter;
  readonly #limits: WebhookLimits;
  readonly #poster: Poster;
  readonly #health: HealthLog;
  readonly #queue: DeliveryQueue;
  readonly #closing = new AbortController();
  #workerCount = 0;
  #retryCount = 0;
  /** The receiver asked to be left alone until then, on the monotonic clock. */
  #quietUntilMs = 0;

  constructor(options: WebhookOutputOptions) {
    const { name, url, formatJson, log, spool, limits = defaultWebhookLimits } = options;
    this.name = name;
    this.#formatJson = formatJson;
    this.#limits = limits;
    // Paths and queries of webhooks are often secrets: the log gets the origin.
    const fields = { output: name, receiver: url.origin };
    this.#poster = createPoster({ ...options, limits });
    this.#health = createHealthLog(log, {
      failing: "cannot deliver alerts; will try again",
      working: "alerts are delivered again",
      fields,
    });
    const queue = {
      limits,
      log,
      fields,
      onReady: () => {
        this.#wake();
      },
    };
    this.#queue =
      spool === undefined ? createMemoryQueue(queue) : new SpooledQueue({ ...queue, spool });
  }

  write(alert: Alert): void {
    if (this.#closing.signal.aborted) this.#queue.refuse();
    else this.#queue.push({ key: alert.uuid, body: this.#formatJson(alert) });
  }

  async close(timeoutMs: number): Promise<void> {
    const endMs = performance.now() + timeoutMs;
    const queue = this.#queue;
    // What is kept anyway need not be tried at a receiver that is away.
    const isDone = (): boolean =>
      queue.openCount === 0 || (queue.isDurable && this.#health.isFailing);
    await waitUntil(isDone, timeoutMs * drainShare);
    this.#closing.abort();
    this.#poster.close();
    const restMs = (): number => Math.max(endMs - performance.now(), restMsMin);
    await waitUntil(() => this.#workerCount === 0, restMs());
    await queue.close(restMs());
  }

  counters(): OutputCounters {
    return { ...this.#queue.counters(), retries: this.#retryCount };
  }

  #wake(): void {
    const hasRoom = this.#workerCount < this.#limits.requestsMax;
    if (hasRoom && !this.#closing.signal.aborted) void this.#work();
  }

  async #work(): Promise<void> {
    this.#workerCount += 1;
    while (!this.#closing.signal.aborted) {
      const delivery = this.#queue.take();
      if (delivery === undefined) break;
      this.#queue.settle(delivery, await this.#deliver(delivery));
    }
    this.#workerCount -= 1;
  }

  async #deliver(delivery: Delivery): Promise<DeliveryFate> {
    let answeredCount = 0;
    for (let attempt = 1; await this.#mayPost(); attempt++) {
      const result = await this.#poster.post(delivery);
      if (result.kind === "accepted") {
        this.#health.worked();
        return "written";
      }
      if (this.#closing.signal.aborted) break;
      this.#health.failed(result.message);
      if (result.kind === "refused") return "failed";
      if (result.kind === "failed") answeredCount += 1;
      if (answeredCount >= this.#limits.attemptsMax) return "failed";
      await this.#pauseAfter({ attempt, retryAfterMs: result.retryAfterMs });
    }
    return "kept";
  }

  async #pauseAfter(failed: FailedAttempt): Promise<void> {
    this.#retryCount += 1;
    const pauseMs = pauseBeforeRetry(failed, this.#limits);
    if (failed.retryAfterMs === undefined) await pause(pauseMs, this.#closing.signal);
    else this.#quietUntilMs = performance.now() + pauseMs;
  }

  /** Waits as long as the receiver asked for, whichever alert it answered; false when the output closes. */
  async #mayPost(): Promise<boolean> {
    const { signal } = this.#closing;
    while (!signal.aborted && performance.now() < this.#quietUntilMs)
      await pause(this.#quietUntilMs - performance.now(), signal);
    return !signal.aborted;
  }
}
