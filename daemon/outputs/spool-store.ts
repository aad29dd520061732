// SPDX-License-Identifier: Apache-2.0
import type { Delivery } from "./delivery-queue.ts";
import { SpoolDirectory, type SpoolPosition } from "./spool-directory.ts";
import { SpoolLedger, type Segment } from "./spool-ledger.ts";
import { readSpoolLines, spoolLineBytesMax } from "./spool-line.ts";

/** How a spool is kept. */
export interface SpoolSettings {
  /** Holds one directory for each webhook. */
  readonly directory: string;
  readonly name: string;
  /** Beyond it the oldest segment is dropped. */
  readonly bytesMax: number;
  /** `always`: before an alert is sent; `interval`: each second; `never`: left to the kernel. */
  readonly fsync: "always" | "interval" | "never";
}

/** A line of the spool that is not written yet. */
export interface PendingLine {
  readonly delivery: Delivery;
  readonly line: Buffer;
}

/** `full`: the cap was reached. `damaged`: what was on disk is not what was written. */
export type LossReason = "full" | "damaged";

/** Alerts of a spool that are held in memory at most, apart from those under way. */
const windowMax = 256;
/** A spool is this many segments: so much of it is dropped at once when it is full. */
const segmentsPerSpool = 8;
const segmentBytesMax = 8 * 1024 * 1024;
/** An idle spool with less than this in it is left as it is. */
const idleBytesMax = 64 * 1024;
/** The cursor lags behind by so much: what was settled since is sent again after a crash, under the same key. */
const cursorLagMs = 250;
const syncEveryMs = 1_000;

/** A spool on disk: what it does is done in small steps, one at a time, each of which may reject. */
export class SpoolStore {
  readonly #settings: SpoolSettings;
  readonly #onLoss: (lost: number, why: LossReason) => void;
  #directory: SpoolDirectory | undefined;
  #ledger: SpoolLedger | undefined;
  #cursor: SpoolPosition | undefined;
  #cursorMs = 0;
  #unsyncedMs: number | undefined;

  constructor(settings: SpoolSettings, onLoss: (lost: number, why: LossReason) => void) {
    this.#settings = settings;
    this.#onLoss = onLoss;
  }

  /** Does one thing that is to be done, but for writing alerts; false when there is nothing. */
  async tend(nowMs: number): Promise<boolean> {
    const { directory, ledger } = await this.#open();
    const { oldest, settledUpTo, unread } = ledger;
    if (oldest !== undefined && oldest.segment < settledUpTo.segment) {
      await directory.remove(oldest.segment);
      ledger.drop(oldest.segment);
      return true;
    }
    if (unread !== undefined && ledger.waitingCount < windowMax / 2) {
      await this.#read(directory, ledger);
      return true;
    }
    if (this.#isCursorDue(nowMs)) {
      await this.#writeCursor(nowMs);
      return true;
    }
    if (this.#unsyncedMs !== undefined && nowMs - this.#unsyncedMs >= syncEveryMs) {
      await directory.sync();
      this.#unsyncedMs = undefined;
      return true;
    }
    if (ledger.openCount === 0 && ledger.bytes > idleBytesMax) {
      ledger.rotate();
      return true;
    }
    return false;
  }

  /** Writes lines; with `fsync: always` they are on the disk when this resolves. Makes room at the cap. */
  async append(lines: readonly PendingLine[], nowMs: number): Promise<void> {
    const { directory, ledger } = await this.#open();
    const { bytesMax, fsync } = this.#settings;
    const piece = Buffer.concat(lines.map(({ line }) => line));
    const segmentBytes = Math.min(segmentBytesMax, bytesMax / segmentsPerSpool);
    const { offset } = ledger.writePosition;
    if (offset > 0 && offset + piece.length > segmentBytes) {
      if (this.#unsyncedMs !== undefined) await directory.sync();
      ledger.rotate();
    }
    for (let { oldest } = ledger; oldest !== undefined; { oldest } = ledger) {
      if (ledger.bytes + piece.length <= bytesMax) break;
      await directory.remove(oldest.segment);
      this.#lose(ledger.drop(oldest.segment), "full");
    }
    const position = ledger.writePosition;
    await directory.write(position, piece);
    if (position.offset === 0 && fsync !== "never") await directory.syncNames();
    if (fsync === "always") await directory.sync();
    if (fsync === "interval") this.#unsyncedMs ??= nowMs;
    ledger.wrote(
      lines.map(({ delivery, line }) => ({ delivery, bytes: line.length })),
      windowMax,
    );
  }

  /** The oldest alert that is in memory and on disk. */
  take(): Delivery | undefined {
    return this.#ledger?.take();
  }

  settle(delivery: Delivery): void {
    this.#ledger?.settle(delivery);
  }

  /** Alerts on disk that are not settled. */
  get openCount(): number {
    return this.#ledger?.openCount ?? 0;
  }

  /** Alerts that can be taken. */
  get waitingCount(): number {
    return this.#ledger?.waitingCount ?? 0;
  }

  /** True when there is more to read than to take. */
  get isHungry(): boolean {
    const ledger = this.#ledger;
    return ledger !== undefined && ledger.unreadCount > 0 && ledger.waitingCount < windowMax / 2;
  }

  /** True when the cursor or the disk lag behind. */
  get isBehind(): boolean {
    return this.#unsyncedMs !== undefined || this.#isCursorDue(Infinity);
  }

  /** Writes down where it stands, and lets go of the files. */
  async close(): Promise<void> {
    const ledger = this.#ledger;
    try {
      if (ledger !== undefined && this.#directory !== undefined) {
        if (ledger.openCount === 0) ledger.rotate();
        await this.#writeCursor(0);
        for (let { oldest } = ledger; oldest !== undefined; { oldest } = ledger) {
          if (oldest.segment >= ledger.settledUpTo.segment) break;
          await this.#directory.remove(oldest.segment);
          ledger.drop(oldest.segment);
        }
        if (this.#settings.fsync !== "never") await this.#directory.sync();
      }
    } finally {
      await this.release();
    }
  }

  /** Lets go of the files, as after a failure; they are opened anew when needed. */
  async release(): Promise<void> {
    const directory = this.#directory;
    this.#directory = undefined;
    await directory?.close();
  }

  async #open(): Promise<{ readonly directory: SpoolDirectory; readonly ledger: SpoolLedger }> {
    const { directory, name } = this.#settings;
    this.#directory ??= await SpoolDirectory.open(directory, name);
    this.#ledger ??= await this.#recover(this.#directory);
    return { directory: this.#directory, ledger: this.#ledger };
  }

  /** Finds what a daemon before this one has left. */
  async #recover(directory: SpoolDirectory): Promise<SpoolLedger> {
    const cursor = await directory.readCursor();
    const segments: Segment[] = [];
    for (const { segment, bytes } of await directory.segments()) {
      const isSettled = cursor !== undefined && segment < cursor.segment;
      const from = cursor?.segment === segment ? cursor.offset : 0;
      const unread = isSettled ? 0 : await countLines(directory, { segment, offset: from });
      segments.push({ segment, bytes, unread });
    }
    const first = segments.find(({ unread }) => unread > 0)?.segment ?? 0;
    const from = cursor?.segment === first ? cursor : { segment: first, offset: 0 };
    const start = cursor === undefined || first > 0 ? from : cursor;
    return new SpoolLedger(segments, start);
  }

  async #read(directory: SpoolDirectory, ledger: SpoolLedger): Promise<void> {
    const { unread } = ledger;
    if (unread === undefined) return;
    const { position, bytes } = unread;
    const piece = await this.#readPiece(
      directory,
      position,
      Math.max(0, Math.min(bytes, spoolLineBytesMax)),
    );
    const isLast = position.offset + piece.length >= position.offset + bytes;
    const { lines, damagedCount, bytesRead } = readSpoolLines(piece, isLast);
    const vanished = ledger.didRead(lines, bytesRead);
    this.#lose(Math.max(damagedCount, vanished), "damaged");
  }

  async #readPiece(
    directory: SpoolDirectory,
    position: SpoolPosition,
    bytesMax: number,
  ): Promise<Buffer> {
    try {
      return await directory.read(position, bytesMax);
    } catch (error) {
      // Somebody removed it: what was in it is lost, and the rest is not.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
      throw error;
    }
  }

  #isCursorDue(nowMs: number): boolean {
    const place = this.#ledger?.settledUpTo;
    if (place === undefined || nowMs - this.#cursorMs < cursorLagMs) return false;
    return place.segment !== this.#cursor?.segment || place.offset !== this.#cursor.offset;
  }

  async #writeCursor(nowMs: number): Promise<void> {
    const place = this.#ledger?.settledUpTo;
    if (place === undefined || this.#directory === undefined) return;
    await this.#directory.writeCursor(place);
    this.#cursor = place;
    this.#cursorMs = nowMs;
  }

  #lose(count: number, why: LossReason): void {
    if (count > 0) this.#onLoss(count, why);
  }
}

/** Line breaks from a place to the end of its segment: a torn line at the end is none. */
async function countLines(
  directory: SpoolDirectory,
  { segment, offset }: SpoolPosition,
): Promise<number> {
  let count = 0;
  for (let at = offset; ;) {
    const piece = await directory.read({ segment, offset: at }, spoolLineBytesMax);
    if (piece.length === 0) return count;
    for (let i = piece.indexOf(10); i >= 0; i = piece.indexOf(10, i + 1)) count += 1;
    at += piece.length;
  }
}
