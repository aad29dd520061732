// SPDX-License-Identifier: Apache-2.0

/**
 * Holds items back until they are ready or their time is over; those of one line leave in the order of their arrival.
 * Bounded: what does not fit goes on at once.
 */
export class WaitingRoom<T> {
  readonly #isReady: (item: T) => boolean;
  readonly #release: (item: T) => void;
  readonly #untilMs: (item: T) => number;
  readonly #lineOf: (item: T) => number;
  readonly #mayPass: (item: T) => boolean;
  readonly #lengthMax: number;
  #waiting: T[] = [];
  #lines = new Set<number>();

  constructor(options: {
    readonly isReady: (item: T) => boolean;
    readonly release: (item: T) => void;
    /** When an item's time is over, in the clock of `sweep`. */
    readonly untilMs: (item: T) => number;
    /** Where it is left out, nobody waits for anybody else. */
    readonly lineOf?: (item: T) => number;
    /** Whether an item need not wait for those of its line that came before. */
    readonly mayPass?: (item: T) => boolean;
    readonly lengthMax: number;
  }) {
    this.#isReady = options.isReady;
    this.#release = options.release;
    this.#untilMs = options.untilMs;
    this.#lineOf = options.lineOf ?? ((): number => 0);
    this.#mayPass = options.mayPass ?? ((): boolean => options.lineOf === undefined);
    this.#lengthMax = options.lengthMax;
  }

  /** Takes an item; releases it at once when there is no room. */
  add(item: T): void {
    if (this.#waiting.length >= this.#lengthMax) {
      this.#release(item);
      return;
    }
    this.#waiting.push(item);
    this.#lines.add(this.#lineOf(item));
  }

  /** Whether somebody of this line waits. */
  has(line: number): boolean {
    return this.#lines.has(line);
  }

  /** Releases, in order of arrival, what is ready or whose time is over. */
  sweep(nowMs: number): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    const still: T[] = [];
    const lines = new Set<number>();
    for (const item of waiting) {
      const isInTurn = this.#mayPass(item) || !lines.has(this.#lineOf(item));
      // Ready first: that may lengthen an item's time.
      if ((isInTurn && this.#isReady(item)) || this.#untilMs(item) <= nowMs) {
        this.#release(item);
      } else {
        still.push(item);
        lines.add(this.#lineOf(item));
      }
    }
    this.#waiting = [...still, ...this.#waiting];
    this.#lines = new Set(this.#waiting.map(this.#lineOf));
  }

  /** Whether such an item waits. */
  some(fits: (item: T) => boolean): boolean {
    return this.#waiting.some(fits);
  }

  get length(): number {
    return this.#waiting.length;
  }
}
