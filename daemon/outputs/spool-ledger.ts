// SPDX-License-Identifier: Apache-2.0
import type { Delivery } from "./delivery-queue.ts";
import type { SpoolPosition } from "./spool-directory.ts";

/** One file of a spool, as far as it is used. */
export interface Segment {
  readonly segment: number;
  bytes: number;
  /** Alerts in it that are not in memory (yet). */
  unread: number;
}

interface Place {
  readonly segment: number;
  readonly start: number;
}

/**
 * The books of a spool, without any IO: which alerts are where on disk, which of them are in memory, and up to where
 * all are settled.
 */
export class SpoolLedger {
  readonly #segments: Segment[];
  /** In memory and not settled, in the order of the disk. */
  readonly #open = new Map<Delivery, Place>();
  readonly #waiting = new Set<Delivery>();
  #read: SpoolPosition;
  #write: SpoolPosition;

  /** `segments` as found at the start, oldest first; `from` is where the first of them is to be read. */
  constructor(segments: readonly Segment[], from: SpoolPosition) {
    this.#segments = segments.map((segment) => ({ ...segment }));
    const last = Math.max(from.segment, ...segments.map(({ segment }) => segment));
    // What was found may end in a torn line: nothing is ever added to it.
    this.#write = { segment: last + 1, offset: 0 };
    this.#read = segments.some(({ segment }) => segment === from.segment) ? from : this.#start();
  }

  /** Where the next alert is written. */
  get writePosition(): SpoolPosition {
    return this.#write;
  }

  /** Where the next alert is read from, and how many bytes there are in that segment; undefined: nothing to read. */
  get unread(): { readonly position: SpoolPosition; readonly bytes: number } | undefined {
    const segment = this.#segments.find((one) => one.segment === this.#read.segment);
    if (this.unreadCount === 0 || segment === undefined) return undefined;
    return { position: this.#read, bytes: segment.bytes - this.#read.offset };
  }

  get unreadCount(): number {
    return this.#segments.reduce((sum, { unread }) => sum + unread, 0);
  }

  /** Alerts on disk that are not settled. */
  get openCount(): number {
    return this.unreadCount + this.#open.size;
  }

  /** Alerts in memory that can be taken. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get oldest(): Segment | undefined {
    return this.#segments[0];
  }

  /** Everything before this is settled. */
  get settledUpTo(): SpoolPosition {
    for (const { segment, start } of this.#open.values()) return { segment, offset: start };
    return this.unreadCount === 0 ? this.#write : this.#read;
  }

  /** Starts a new segment, for the next alert that is written. */
  rotate(): void {
    const isCaughtUp = this.#isCaughtUp();
    this.#write = { segment: this.#write.segment + 1, offset: 0 };
    if (isCaughtUp) this.#read = this.#write;
  }

  /** Notes alerts that were written; they can be taken at once when none before them is unread and `room` allows. */
  wrote(
    written: readonly { readonly delivery: Delivery; readonly bytes: number }[],
    room: number,
  ): void {
    const { segment } = this.#write;
    let last = this.#segments.at(-1);
    if (last?.segment !== segment) {
      last = { segment, bytes: 0, unread: 0 };
      this.#segments.push(last);
    }
    let { offset } = this.#write;
    for (const { delivery, bytes } of written) {
      const isCaughtUp = this.#read.segment === segment && this.#read.offset === offset;
      if (isCaughtUp && this.#waiting.size < room) {
        this.#admit(delivery, { segment, start: offset });
        this.#read = { segment, offset: offset + bytes };
      } else last.unread += 1;
      offset += bytes;
    }
    last.bytes = offset;
    this.#write = { segment, offset };
  }

  /** Notes what was read at the read position; answers with how many alerts turned out to be lost. */
  didRead(
    lines: readonly { readonly delivery: Delivery; readonly end: number }[],
    bytesRead: number,
  ): number {
    const { segment, offset } = this.#read;
    const at = this.#segments.find((one) => one.segment === segment);
    if (at === undefined) return 0;
    let start = offset;
    for (const { delivery, end } of lines) {
      this.#admit(delivery, { segment, start });
      start = offset + end;
    }
    at.unread = Math.max(0, at.unread - lines.length);
    this.#read = { segment, offset: offset + bytesRead };
    if (bytesRead > 0 && this.#read.offset < at.bytes) return 0;
    const lost = at.unread;
    at.unread = 0;
    this.#read = this.#nextOf(segment);
    return lost;
  }

  /** The oldest alert in memory. */
  take(): Delivery | undefined {
    for (const delivery of this.#waiting) {
      this.#waiting.delete(delivery);
      return delivery;
    }
    return undefined;
  }

  /** True for an alert that is on disk. */
  isOpen(delivery: Delivery): boolean {
    return this.#open.has(delivery);
  }

  settle(delivery: Delivery): void {
    this.#open.delete(delivery);
  }

  /** Forgets a segment; answers with how many alerts nobody has taken are lost with it. */
  drop(segment: number): number {
    const at = this.#segments.findIndex((one) => one.segment === segment);
    if (at < 0) return 0;
    const [gone] = this.#segments.splice(at, 1);
    let lost = gone?.unread ?? 0;
    for (const [delivery, place] of this.#open) {
      if (place.segment !== segment) continue;
      this.#open.delete(delivery);
      if (this.#waiting.delete(delivery)) lost += 1;
    }
    if (this.#write.segment === segment) this.#write = { segment: segment + 1, offset: 0 };
    if (this.#read.segment === segment) this.#read = this.#nextOf(segment);
    return lost;
  }

  #admit(delivery: Delivery, place: Place): void {
    this.#open.set(delivery, place);
    this.#waiting.add(delivery);
  }

  #isCaughtUp(): boolean {
    return this.unreadCount === 0;
  }

  #nextOf(segment: number): SpoolPosition {
    const next = this.#segments.find((one) => one.segment > segment);
    if (next === undefined || next.segment === this.#write.segment)
      return { segment: this.#write.segment, offset: next === undefined ? this.#write.offset : 0 };
    return { segment: next.segment, offset: 0 };
  }

  #start(): SpoolPosition {
    const first = this.#segments[0];
    return first === undefined ? this.#write : { segment: first.segment, offset: 0 };
  }
}
