// SPDX-License-Identifier: Apache-2.0

/** Holds items back until they are ready or their time is over. Bounded: what does not fit goes on at once. */
export class WaitingRoom<T> {
  readonly #isReady: (item: T) => boolean;
  readonly #release: (item: T) => void;
  readonly #untilMs: (item: T) => number;
  readonly #lengthMax: number;
  #waiting: T[] = [];

  constructor(options: {
    readonly isReady: (item: T) => boolean;
    readonly release: (item: T) => void;
    /** When an item's time is over, in the clock of `sweep`. */
    readonly untilMs: (item: T) => number;
    readonly lengthMax: number;
  }) {
    this.#isReady = options.isReady;
    this.#release = options.release;
    this.#untilMs = options.untilMs;
    this.#lengthMax = options.lengthMax;
  }

  /** Takes an item; releases it at once when there is no room. */
  add(item: T): void {
    if (this.#waiting.length >= this.#lengthMax) {
      this.#release(item);
      return;
    }
    this.#waiting.push(item);
  }

  /** Releases, in order of arrival, what is ready or whose time is over. */
  sweep(nowMs: number): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    const still: T[] = [];
    for (const item of waiting) {
      // Ready first: that may lengthen an item's time.
      if (this.#isReady(item) || this.#untilMs(item) <= nowMs) this.#release(item);
      else still.push(item);
    }
    this.#waiting = [...still, ...this.#waiting];
  }

  get length(): number {
    return this.#waiting.length;
  }
}
