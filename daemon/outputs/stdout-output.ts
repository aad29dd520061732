// SPDX-License-Identifier: Apache-2.0
import type { Writable } from "node:stream";
import type { Log, Output } from "../model/ports.ts";
import type { AlertFormatter } from "./format-json.ts";
import { formatText } from "./format-text.ts";
import { waitUntil } from "./idle.ts";
import { createLossLog, defaultQueueLimits, LineQueue, type QueueLimits } from "./line-queue.ts";

/** What standard output needs. */
export interface StdoutOutputOptions {
  /** As `createDescriptorStream(1)` opens it. */
  readonly stream: Writable;
  /** `auto`: text on a terminal, JSON otherwise. */
  readonly format: "auto" | "text" | "json";
  readonly isTerminal: boolean;
  readonly hasColor: boolean;
  readonly formatJson: AlertFormatter;
  readonly log: Log;
  readonly limits?: QueueLimits;
}

/**
 * Alerts on standard output. A reader that is slow gets them from a bounded queue; one that goes away (EPIPE)
 * ends this output quietly, and the daemon goes on.
 */
export function createStdoutOutput(options: StdoutOutputOptions): Output {
  const { stream, hasColor, formatJson, log } = options;
  const queue = new LineQueue(
    options.limits ?? defaultQueueLimits,
    createLossLog(log, { output: "stdout" }),
  );
  const isText = options.format === "text" || (options.format === "auto" && options.isTerminal);
  // A stream that failed for an output before this one stays as it is.
  let isEnded = stream.destroyed;
  let isReady = true;

  function fail(error: NodeJS.ErrnoException): void {
    if (!isEnded && error.code !== "EPIPE") log.error("standard output failed", { error });
    isEnded = true;
    queue.clear();
  }
  stream.on("error", fail);

  function flush(): void {
    while (isReady && !isEnded) {
      const line = queue.take();
      if (line === undefined) return;
      isReady = stream.write(line, (error) => {
        queue.settle(error ? "failed" : "written", 1);
      });
      if (!isReady) stream.once("drain", resume);
    }
  }

  function resume(): void {
    isReady = true;
    flush();
  }

  return {
    name: "stdout",
    write(alert) {
      if (isEnded) {
        queue.refuse();
        return;
      }
      const isQueued = queue.push(
        isText ? formatText(alert, { hasColor }) : `${formatJson(alert)}\n`,
      );
      if (isQueued) flush();
    },
    async close(timeoutMs) {
      await waitUntil(() => isEnded || queue.openCount === 0, timeoutMs);
      isEnded = true;
      queue.clear();
      // The stream outlives this output, and may fail when nobody writes.
      stream.on("error", () => undefined);
      stream.off("error", fail);
      stream.off("drain", resume);
    },
    counters: () => queue.counters(),
  };
}
