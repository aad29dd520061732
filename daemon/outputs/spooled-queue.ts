// SPDX-License-Identifier: Apache-2.0
import type { Log, OutputCounters } from "../model/ports.ts";
import { BoundedQueue } from "../util/bounded-queue.ts";
import type { Lane } from "../util/lane.ts";
import type { Delivery, DeliveryFate, DeliveryQueue } from "./delivery-queue.ts";
import { createHealthLog, type HealthLog, tellWhenSlow } from "./health-log.ts";
import { createLossLog, type LossListener, type QueueLimits } from "./line-queue.ts";
import { encodeSpoolLine, spoolLineBytesMax } from "./spool-line.ts";
import { SpoolStore, type PendingLine, type SpoolSettings } from "./spool-store.ts";

/** Where alerts wait on disk, and who else writes there. */
export interface SpoolOptions extends SpoolSettings {
  /** Shared by all spools: one call of the file system at a time, so that a disk that hangs holds one thread. */
  readonly lane: Lane;
}

/** What a spooled queue needs. */
export interface SpooledQueueOptions {
  readonly spool: SpoolOptions;
  /** Of what waits in memory to be written. */
  readonly limits: QueueLimits;
  readonly log: Log;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Called when there is something to take. */
  readonly onReady: () => void;
}

/** Pause after a failure of the disk. */
const retryMs = 1_000;
/** A call of the file system that takes longer is told. */
const slowMs = 5_000;
/** How long the cursor and the disk may lag behind. */
const lagMs = 250;
/** Lines that are written in one go: so much, and no more than half a segment. */
const batchBytesMax = 256 * 1024;
/** Requests that one step can start. */
const wakesMax = 64;

/**
 * Alerts that wait on disk: written before they are sent, and forgotten when they are settled, so that they outlive
 * the daemon. While the disk refuses (full, read-only) or hangs, they wait in memory and are sent from there.
 */
export class SpooledQueue implements DeliveryQueue {
  readonly isDurable = true;
  readonly #options: SpooledQueueOptions;
  readonly #store: SpoolStore;
  readonly #health: HealthLog;
  readonly #losses: LossListener;
  readonly #pending: BoundedQueue<PendingLine>;
  #pendingBytes = 0;
  /** Being written, or to be written again. */
  #batch: PendingLine[] = [];
  #isAppending = false;
  /** Taken from memory, since the disk refuses. */
  readonly #bare = new Set<Delivery>();
  #lostNow = 0;
  #written = 0;
  #failed = 0;
  #dropped = 0;
  #pumping: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** After a failure: no appending, and nothing at all, before that on the monotonic clock. */
  #appendFromMs = 0;
  #pumpFromMs = 0;
  #isClosed = false;

  constructor(options: SpooledQueueOptions) {
    const { spool, limits, log, fields } = options;
    this.#options = options;
    this.#pending = new BoundedQueue(limits.alertsMax);
    this.#health = createHealthLog(log, {
      failing: "cannot keep alerts on disk; they wait in memory",
      working: "alerts are kept on disk again",
      fields: { ...fields, spool: spool.directory },
    });
    this.#losses = createLossLog(log, fields);
    this.#store = new SpoolStore(spool, (lost, why) => {
      if (why === "full") this.#lose(lost);
      else {
        this.#dropped += lost;
        log.warn("alerts in the spool were damaged and are lost", { ...fields, lost });
      }
    });
    this.#kick();
  }

  push(delivery: Delivery): void {
    const line = encodeSpoolLine(delivery);
    const fits = this.#pendingBytes + line.length <= this.#options.limits.bytesMax;
    if (line.length > spoolLineBytesMax || !fits || !this.#pending.push({ delivery, line })) {
      this.#lose(1);
      return;
    }
    this.#pendingBytes += line.length;
    this.#kick();
    if (this.#health.isFailing) this.#options.onReady();
  }

  take(): Delivery | undefined {
    const delivery = this.#store.take();
    if (this.#store.isHungry) this.#kick();
    if (delivery !== undefined) return delivery;
    const bare = this.#health.isFailing ? this.#takeBare() : undefined;
    if (bare === undefined && this.openCount === 0 && this.#lostNow > 0) {
      this.#losses.onLossEnd(this.#lostNow);
      this.#lostNow = 0;
    }
    return bare;
  }

  settle(delivery: Delivery, fate: DeliveryFate): void {
    const isBare = this.#bare.delete(delivery);
    if (fate === "kept") {
      // The disk may take it after all, before the end.
      if (isBare) this.push(delivery);
      return;
    }
    if (fate === "written") this.#written += 1;
    else this.#failed += 1;
    if (isBare) return;
    this.#store.settle(delivery);
    this.#kickIn(lagMs);
  }

  refuse(): void {
    this.#dropped += 1;
  }

  get openCount(): number {
    const inMemory = this.#pending.length + this.#batch.length + this.#bare.size;
    return inMemory + this.#store.openCount;
  }

  async close(timeoutMs: number): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const timer = new AbortController();
    const late = new Promise<void>((resolve) => {
      const handle = setTimeout(resolve, timeoutMs);
      timer.signal.addEventListener("abort", () => {
        clearTimeout(handle);
      });
    });
    await Promise.race([this.#finish(), late]);
    timer.abort();
    while (this.#shift() !== undefined) this.#dropped += 1;
    this.#dropped += this.#batch.length;
    this.#batch = [];
  }

  counters(): OutputCounters {
    return {
      written: this.#written,
      dropped: this.#dropped,
      failed: this.#failed,
      queued: this.openCount,
      spooled: this.#store.openCount,
    };
  }

  #kick(): void {
    if (this.#isClosed || this.#pumping !== undefined) return;
    if (performance.now() < this.#pumpFromMs) {
      this.#kickIn(retryMs);
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pumping = this.#pump().then((laterMs) => {
      this.#pumping = undefined;
      // What came while the last step ended.
      if (this.#canAppend() || this.#store.isHungry) this.#kick();
      else if (laterMs !== undefined) this.#kickIn(laterMs);
    });
  }

  #kickIn(ms: number): void {
    if (this.#isClosed || this.#timer !== undefined || this.#pumping !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#kick();
    }, ms);
  }

  /** Works off what there is to do; answers when to look again. A failure is told, and tried again later. */
  async #pump(): Promise<number | undefined> {
    try {
      let hasDone = false;
      while (!this.#isClosed && ((await this.#tend()) || (await this.#append()))) {
        hasDone = true;
        this.#wake();
      }
      const isRefused = performance.now() < this.#appendFromMs;
      if (hasDone && !isRefused) this.#health.worked();
      if (isRefused) return retryMs;
      return this.#store.isBehind ? lagMs : undefined;
    } catch (error) {
      this.#refused(error);
      this.#pumpFromMs = performance.now() + retryMs;
      await this.#store.release().catch(() => undefined);
      return retryMs;
    }
  }

  #tend(): Promise<boolean> {
    return this.#onDisk(() => this.#store.tend(performance.now()));
  }

  async #append(): Promise<boolean> {
    if (!this.#canAppend()) return false;
    if (this.#batch.length === 0) this.#batch = this.#takeBatch();
    this.#isAppending = true;
    try {
      await this.#onDisk(() => this.#store.append(this.#batch, performance.now()));
      this.#batch = [];
      return true;
    } catch (error) {
      // Reading goes on meanwhile: a full disk gets room when what is on it is delivered.
      this.#appendFromMs = performance.now() + retryMs;
      this.#refused(error);
      return false;
    } finally {
      this.#isAppending = false;
    }
  }

  #canAppend(): boolean {
    const isWaiting = this.#batch.length + this.#pending.length > 0;
    return isWaiting && performance.now() >= this.#appendFromMs;
  }

  #takeBatch(): PendingLine[] {
    const lines: PendingLine[] = [];
    const bytesMax = Math.min(batchBytesMax, this.#options.spool.bytesMax / 16);
    for (let bytes = 0; bytes < bytesMax;) {
      const line = this.#shift();
      if (line === undefined) break;
      lines.push(line);
      bytes += line.line.length;
    }
    return lines;
  }

  /** The oldest one that is not on disk, and not on its way there. */
  #takeBare(): Delivery | undefined {
    const line = (this.#isAppending ? undefined : this.#batch.shift()) ?? this.#shift();
    if (line !== undefined) this.#bare.add(line.delivery);
    return line?.delivery;
  }

  #shift(): PendingLine | undefined {
    const line = this.#pending.shift();
    if (line !== undefined) this.#pendingBytes -= line.line.length;
    return line;
  }

  #onDisk<T>(work: () => Promise<T>): Promise<T> {
    return tellWhenSlow(this.#options.spool.lane.run(work), slowMs, () => {
      this.#refused(`the disk has not answered for ${slowMs} ms`);
    });
  }

  #refused(why: unknown): void {
    this.#health.failed(why instanceof Error ? why.message : String(why));
    this.#wake();
  }

  /** As many times as there is to take, within reason: each time one more request may be started. */
  #wake(): void {
    const bare = this.#health.isFailing ? this.#pending.length + this.#batch.length : 0;
    const count = Math.min(this.#store.waitingCount + bare, wakesMax);
    for (let i = 0; i < count; i++) this.#options.onReady();
  }

  async #finish(): Promise<void> {
    await this.#pumping;
    // However it was before: there is no later.
    this.#appendFromMs = 0;
    while (this.#canAppend() && (await this.#append()));
    await this.#options.spool.lane
      .run(() => this.#store.close())
      .catch((error: unknown) => {
        this.#refused(error);
      });
  }

  #lose(count: number): void {
    this.#dropped += count;
    if (this.#lostNow === 0) this.#losses.onLoss();
    this.#lostNow += count;
  }
}
