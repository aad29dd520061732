// SPDX-License-Identifier: Apache-2.0
import type { OutputCounters } from "../model/ports.ts";
import { BoundedQueue } from "../util/bounded-queue.ts";

/** Bounds of what waits in front of an output. */
export interface LineQueueLimits {
  /** Alerts. */
  readonly linesMax: number;
  /** UTF-16 units of all of them together. */
  readonly charactersMax: number;
}

/** Room for a burst of alerts that a healthy receiver works off in seconds. */
export const defaultLineQueueLimits: LineQueueLimits = {
  linesMax: 10_000,
  charactersMax: 32 * 1024 * 1024,
};

/** Lines on their way to one output, and what became of those before. */
export class LineQueue {
  readonly #limits: LineQueueLimits;
  readonly #onOverflow: () => void;
  #isOverflowTold = false;
  readonly #lines: BoundedQueue<string>;
  #characterCount = 0;
  #takenCount = 0;
  #writtenCount = 0;
  #droppedCount = 0;
  #failedCount = 0;

  /** `onOverflow` is called for the first line that finds no room, and again only after the queue was empty. */
  constructor(limits: LineQueueLimits, onOverflow: () => void) {
    this.#limits = limits;
    this.#onOverflow = onOverflow;
    this.#lines = new BoundedQueue(limits.linesMax);
  }

  /** Adds a line; false, and counted as dropped, when there is no room. */
  push(line: string): boolean {
    const fits = this.#characterCount + line.length <= this.#limits.charactersMax;
    if (!fits || !this.#lines.push(line)) {
      this.#droppedCount += 1;
      if (!this.#isOverflowTold) this.#onOverflow();
      this.#isOverflowTold = true;
      return false;
    }
    this.#characterCount += line.length;
    return true;
  }

  /** Takes the oldest line; its fate must be told by `settle`. */
  take(): string | undefined {
    const line = this.#lines.shift();
    if (line === undefined) {
      this.#isOverflowTold = false;
      return undefined;
    }
    this.#characterCount -= line.length;
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
