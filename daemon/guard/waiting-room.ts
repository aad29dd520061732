// SPDX-License-Identifier: Apache-2.0

/** An item that waits for something to become known, and how long it may. */
interface Waiting<T> {
  readonly item: T;
  readonly untilMs: number;
}

/** Holds items back until they are ready or their time is over. Bounded: what does not fit goes on at once. */
export class WaitingRoom<T> {
  readonly #isReady: (item: T) => boolean;
  readonly #release: (item: T) => void;
  readonly #lengthMax: number;
  #waiting: readonly Waiting<T>[] = [];

  constructor(options: {
    readonly isReady: (item: T) => boolean;
    readonly release: (item: T) => void;
    readonly lengthMax: number;
  }) {
    this.#isReady = options.isReady;
    this.#release = options.release;
    this.#lengthMax = options.lengthMax;
  }

  /** Takes an item until `untilMs`, in the same clock as `sweep`. */
  add(item: T, untilMs: number): void {
    if (this.#waiting.length >= this.#lengthMax) {
      this.#release(item);
      return;
    }
    this.#waiting = [...this.#waiting, { item, untilMs }];
  }

  /** Releases, in order of arrival, what is ready or whose time is over. */
  sweep(nowMs: number): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    const still: Waiting<T>[] = [];
    for (const entry of waiting) {
      if (entry.untilMs <= nowMs || this.#isReady(entry.item)) this.#release(entry.item);
      else still.push(entry);
    }
    this.#waiting = [...still, ...this.#waiting];
  }

  get length(): number {
    return this.#waiting.length;
  }
}
