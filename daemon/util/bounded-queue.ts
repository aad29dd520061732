// SPDX-License-Identifier: Apache-2.0

/** First in, first out, never longer than its bound; what does not fit is refused and counted. */
export class BoundedQueue<T> {
  readonly lengthMax: number;
  #items: T[] = [];
  #head = 0;
  #droppedCount = 0;

  /** `lengthMax` is a number of items, at least 1. */
  constructor(lengthMax: number) {
    this.lengthMax = lengthMax;
  }

  /** Adds an item; false, and counted, when the queue is full. */
  push(item: T): boolean {
    if (this.length >= this.lengthMax) {
      this.#droppedCount += 1;
      return false;
    }
    this.#items.push(item);
    return true;
  }

  /** Takes the oldest item, or undefined when empty. */
  shift(): T | undefined {
    if (this.#head >= this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Items waiting now. */
  get length(): number {
    return this.#items.length - this.#head;
  }

  /** Items refused since the start. */
  get droppedCount(): number {
    return this.#droppedCount;
  }
}
