// SPDX-License-Identifier: Apache-2.0
import type { Log, OutputCounters } from "../model/ports.ts";
import { BoundedQueue } from "../util/bounded-queue.ts";

/** Bounds of what waits in front of an output. */
export interface QueueLimits {
  readonly alertsMax: number;
  /** Bytes of their texts. Characters beyond ASCII, which are rare, count as one. */
  readonly bytesMax: number;
}

/** Room for a burst of alerts that a healthy receiver works off in seconds. */
export const defaultQueueLimits: QueueLimits = { alertsMax: 10_000, bytesMax: 16 * 1024 * 1024 };

/** Who is told of losses, once for each time that the queue is too short. */
export interface LossListener {
  onLoss(): void;
  /** The queue has been empty again, after so many were lost. */
  onLossEnd(lost: number): void;
}

/** Lines on their way to one output, and what became of those before. */
export class LineQueue {
  readonly #limits: QueueLimits;
  readonly #listener: LossListener;
  #lostCount = 0;
  readonly #lines: BoundedQueue<string>;
  #byteCount = 0;
  #takenCount = 0;
  #writtenCount = 0;
  #droppedCount = 0;
  #failedCount = 0;

  constructor(limits: QueueLimits, listener: LossListener) {
    this.#limits = limits;
    this.#listener = listener;
    this.#lines = new BoundedQueue(limits.alertsMax);
  }

  /** Adds a line; false, and counted as dropped, when there is no room. */
  push(line: string): boolean {
    const fits = this.#byteCount + line.length <= this.#limits.bytesMax;
    if (!fits || !this.#lines.push(line)) {
      this.#droppedCount += 1;
      this.#lostCount += 1;
      if (this.#lostCount === 1) this.#listener.onLoss();
      return false;
    }
    this.#byteCount += line.length;
    return true;
  }

  /** Takes the oldest line; its fate must be told by `settle`. */
  take(): string | undefined {
    const line = this.#lines.shift();
    if (line === undefined) {
      if (this.#lostCount > 0) this.#listener.onLossEnd(this.#lostCount);
      this.#lostCount = 0;
      return undefined;
    }
    this.#byteCount -= line.length;
    this.#takenCount += 1;
    return line;
  }

  /** Tells what became of lines that were taken. */
  settle(fate: "written" | "failed" | "dropped", count: number): void {
    this.#takenCount -= count;
    if (fate === "written") this.#writtenCount += count;
    else if (fate === "failed") this.#failedCount += count;
    else this.#droppedCount += count;
  }

  /** Counts a line that came when the output had ended. */
  refuse(): void {
    this.#droppedCount += 1;
  }

  /** Empties the queue; what was in it is dropped. */
  clear(): void {
    // The end of the queue is no end of the loss.
    this.#lostCount = 0;
    while (this.take() !== undefined) this.settle("dropped", 1);
  }

  /** Lines neither taken nor dropped. */
  get length(): number {
    return this.#lines.length;
  }

  /** Lines whose fate is open: waiting or taken. */
  get openCount(): number {
    return this.#lines.length + this.#takenCount;
  }

  counters(): OutputCounters {
    return {
      written: this.#writtenCount,
      dropped: this.#droppedCount,
      failed: this.#failedCount,
      queued: this.openCount,
    };
  }
}

/** Tells the log of losses, by a constant message and which output. */
export function createLossLog(log: Log, fields: Readonly<Record<string, unknown>>): LossListener {
  return {
    onLoss() {
      log.warn("alerts are lost: the output takes them too slowly", fields);
    },
    onLossEnd(lost) {
      log.warn("the output takes alerts again", { ...fields, lost });
    },
  };
}
