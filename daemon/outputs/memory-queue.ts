// SPDX-License-Identifier: Apache-2.0
import type { Log } from "../model/ports.ts";
import type { Delivery, DeliveryQueue } from "./delivery-queue.ts";
import { createLossLog, LineQueue, type QueueLimits } from "./line-queue.ts";

/** What a queue in memory needs. */
export interface MemoryQueueOptions {
  readonly limits: QueueLimits;
  readonly log: Log;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Called when there is something to take. */
  readonly onReady: () => void;
}

/** Alerts that wait in memory: those that the receiver has not taken when the daemon ends are dropped. */
export function createMemoryQueue({
  limits,
  log,
  fields,
  onReady,
}: MemoryQueueOptions): DeliveryQueue {
  const lines = new LineQueue(limits, createLossLog(log, fields));
  return {
    isDurable: false,
    push({ key, body }) {
      if (lines.push(`${key} ${body}`)) onReady();
    },
    take(): Delivery | undefined {
      const line = lines.take();
      if (line === undefined) return undefined;
      const end = line.indexOf(" ");
      return { key: line.slice(0, end), body: line.slice(end + 1) };
    },
    settle(_delivery, fate) {
      lines.settle(fate === "kept" ? "dropped" : fate, 1);
    },
    refuse() {
      lines.refuse();
    },
    get openCount() {
      return lines.openCount;
    },
    close() {
      lines.clear();
      return Promise.resolve();
    },
    counters: () => lines.counters(),
  };
}
