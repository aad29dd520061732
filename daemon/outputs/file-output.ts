// SPDX-License-Identifier: Apache-2.0
import type { Alert } from "../model/alert.ts";
import type { Log, Output, OutputCounters } from "../model/ports.ts";
import { AppendFile, type Rotation } from "./append-file.ts";
import type { AlertFormatter } from "./format-json.ts";
import { createHealthLog, type HealthLog, tellWhenSlow } from "./health-log.ts";
import { pause, waitUntil } from "./idle.ts";
import { createLossLog, defaultQueueLimits, LineQueue, type QueueLimits } from "./line-queue.ts";

/** What the file of alerts needs. */
export interface FileOutputOptions {
  /** Absolute path; its directory must be there. */
  readonly path: string;
  readonly formatJson: AlertFormatter;
  readonly log: Log;
  /** Absent: something else moves the file away. */
  readonly rotation?: Rotation | undefined;
  readonly limits?: FileOutputLimits;
}

/** Bounds of the file output. */
export interface FileOutputLimits extends QueueLimits {
  /** Bytes of the lines written in one go. */
  readonly batchBytesMax: number;
  /** How often the path is compared with the open file. */
  readonly checkEveryMs: number;
  /** Pause after a failure. */
  readonly retryMs: number;
  /** A call of the file system that takes longer is told. */
  readonly slowMs: number;
}

/** Bounds for a disk of ordinary speed. */
export const defaultFileOutputLimits: FileOutputLimits = {
  ...defaultQueueLimits,
  batchBytesMax: 256 * 1024,
  checkEveryMs: 1000,
  retryMs: 1000,
  slowMs: 5000,
};

/** Of the time to close, what is spent on writing. */
const drainShare = 0.8;
/** A pause that is ended needs a moment to be noticed. */
const restMsMin = 100;

/**
 * Alerts appended to a file, one JSON object a line. The file is created with mode 0640, never through a symbolic
 * link; it is opened anew when it was moved or removed, and on `reopen`. While the disk refuses (full, read-only) or
 * hangs, lines wait in the bounded queue and the batch under way is tried again.
 */
export function createFileOutput(options: FileOutputOptions): Output {
  return new FileOutput(options);
}

class FileOutput implements Output {
  readonly name = "file";
  readonly #formatJson: AlertFormatter;
  readonly #limits: FileOutputLimits;
  readonly #batchBytesMax: number;
  readonly #queue: LineQueue;
  readonly #health: HealthLog;
  readonly #file: AppendFile;
  readonly #closing = new AbortController();
  #isWorking = false;
  #isReopenAsked = false;

  constructor(options: FileOutputOptions) {
    const { path, formatJson, log, rotation, limits = defaultFileOutputLimits } = options;
    const fields = { output: "file", path };
    this.#formatJson = formatJson;
    this.#limits = limits;
    this.#batchBytesMax = Math.min(limits.batchBytesMax, rotation?.bytesMax ?? Infinity);
    this.#queue = new LineQueue(limits, createLossLog(log, fields));
    this.#health = createHealthLog(log, {
      failing: "cannot write alerts; will try again",
      working: "alerts are written again",
      fields,
    });
    const rotating = createHealthLog(log, {
      failing: "cannot rotate the file of alerts; it goes on growing",
      working: "the file of alerts is rotated again",
      fields,
    });
    this.#file = new AppendFile({
      ...{ path, rotation, checkEveryMs: limits.checkEveryMs },
      onRotation(failure) {
        if (failure === undefined) rotating.worked();
        else rotating.failed(failure.message);
      },
    });
  }

  write(alert: Alert): void {
    if (this.#closing.signal.aborted) this.#queue.refuse();
    else if (this.#queue.push(`${this.#formatJson(alert)}\n`)) this.#wake();
  }

  reopen(): void {
    this.#isReopenAsked = true;
    this.#wake();
  }

  async close(timeoutMs: number): Promise<void> {
    const endMs = performance.now() + timeoutMs;
    const isDone = (): boolean => this.#queue.openCount === 0 && !this.#isWorking;
    await waitUntil(isDone, timeoutMs * drainShare);
    this.#closing.abort();
    this.#queue.clear();
    // A disk that hangs keeps its file open: waiting longer would not help.
    const restMs = Math.max(endMs - performance.now(), restMsMin);
    if (await waitUntil(() => !this.#isWorking, restMs)) await this.#file.close();
  }

  counters(): OutputCounters {
    return this.#queue.counters();
  }

  #wake(): void {
    if (!this.#isWorking && !this.#closing.signal.aborted) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    while ((this.#queue.length > 0 || this.#isReopenAsked) && !this.#closing.signal.aborted) {
      if (this.#isReopenAsked) {
        this.#isReopenAsked = false;
        await this.#persist(() => this.#file.reopen());
        continue;
      }
      const lines = takeBatch(this.#queue, this.#batchBytesMax);
      const batch = { bytes: Buffer.from(lines.join(""), "utf8"), done: 0 };
      const isWritten = await this.#persist(() => this.#file.append(batch));
      this.#queue.settle(isWritten ? "written" : "failed", lines.length);
    }
    // An empty queue tells the end of a loss.
    if (this.#queue.length === 0) this.#queue.take();
    this.#isWorking = false;
  }

  /** Does it until it works, unless the output closes. */
  async #persist(work: () => Promise<void>): Promise<boolean> {
    const { slowMs, retryMs } = this.#limits;
    while (!this.#closing.signal.aborted) {
      try {
        await tellWhenSlow(work(), slowMs, () => {
          this.#health.failed(`the disk has not answered for ${slowMs} ms`);
        });
        this.#health.worked();
        return true;
      } catch (error) {
        this.#health.failed(error instanceof Error ? error.message : String(error));
        await this.#file.close().catch(() => undefined);
        await pause(retryMs, this.#closing.signal);
      }
    }
    return false;
  }
}

function takeBatch(queue: LineQueue, bytesMax: number): readonly string[] {
  const lines: string[] = [];
  for (let bytes = 0; bytes < bytesMax;) {
    const line = queue.take();
    if (line === undefined) break;
    lines.push(line);
    bytes += line.length;
  }
  return lines;
}
