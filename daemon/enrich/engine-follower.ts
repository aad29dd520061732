// SPDX-License-Identifier: Apache-2.0
import type { Engine } from "../model/container.ts";
import type { Clock, ContainerEngine, EngineEvents, Log, RuntimeFailure } from "../model/ports.ts";
import { err, type Result } from "../util/result.ts";
import { Blindness, type BlindPeriod } from "./blindness.ts";
import { readEngineEvent, type HeardEvent } from "./engine-event.ts";
import { createEventCursor, type EventCursor } from "./event-cursor.ts";

/** Bounds of a connection to the engine. */
export interface FollowerLimits {
  readonly requestTimeoutMs: number;
  /** Pause before the first new try, and the longest one; each is doubled until then, and shortened by chance. */
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  /** How often the whole list is asked for although nothing seems to be missing. */
  readonly reconcileEveryMs: number;
  /** How far back the first connection asks for events. */
  readonly replayMs: number;
}

/** How the connection to the engine stands. */
export interface FollowerStatus {
  readonly isConnected: boolean;
  /** Connections after the first one. */
  readonly reconnects: number;
  /** Times that events may have been missed; each was followed by the whole list. */
  readonly gaps: number;
  /** The last time in which events may have been missed for good. */
  readonly blind?: BlindPeriod;
  readonly engine?: Engine;
}

/** Who follows, and what is to be done with what is heard. */
export interface FollowerOptions {
  readonly engine: ContainerEngine;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: FollowerLimits;
  /** An event that was not told before. */
  onEvent(event: HeardEvent): void;
  /** The engine has told all that it runs, or is not there any more. */
  onConnection?(isConnected: boolean): void;
  /** Compares the whole list with what is known; `isNewConnection` when processes may be others than before. */
  reconcile(isNewConnection: boolean): Promise<Result<void, RuntimeFailure>>;
}

const nsPerMs = 1_000_000n;
const overlapNs = 1_000_000_000n;
const rememberedMax = 4_096;
const doublingsMax = 32;
/** What the engine remembers comes at once after its answer; later it has nothing to tell. */
const replayWaitMs = 5_000;

/**
 * Keeps a connection to the engine and hands on its events. It tries for ever, with growing pauses; says once that
 * the engine is away and once that it is back; and has the whole list compared after every gap.
 */
export class EngineFollower {
  readonly #options: FollowerOptions;
  readonly #cursor: EventCursor;
  readonly #blindness = new Blindness();
  #blind: BlindPeriod | undefined;
  #replayTimer: NodeJS.Timeout | undefined;
  #isRunning = false;
  #isAwaySaid = false;
  #isReconcileWanted = false;
  #isReconciling = false;
  #connections = 0;
  #failures = 0;
  #gaps = 0;
  #engine: Engine | undefined;
  #events: EngineEvents | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    const replayNs = BigInt(options.limits.replayMs) * nsPerMs;
    const startNs = options.clock.nowNs() - replayNs;
    this.#cursor = createEventCursor({ startNs, overlapNs, rememberedMax });
  }

  /** Resolves after the first try, whether the engine was there or not. */
  async start(): Promise<void> {
    this.#isRunning = true;
    await this.#connect();
  }

  stop(): void {
    this.#isRunning = false;
    clearTimeout(this.#timer);
    clearTimeout(this.#replayTimer);
    this.#events?.close();
    this.#events = undefined;
  }

  /** Has the whole list compared soon: something is known to be missing. */
  reconcile(): void {
    if (this.#events === undefined || this.#isReconcileWanted) return;
    this.#isReconcileWanted = true;
    // While one runs, the next is set when it ends.
    if (!this.#isReconciling) this.#scheduleReconcile();
  }

  status(): FollowerStatus {
    return {
      isConnected: this.#events !== undefined,
      reconnects: Math.max(0, this.#connections - 1),
      gaps: this.#gaps,
      ...(this.#blind === undefined ? {} : { blind: this.#blind }),
      ...(this.#engine === undefined ? {} : { engine: this.#engine }),
    };
  }

  async #connect(): Promise<void> {
    const opened = await this.#open();
    if (!this.#isRunning) {
      if (opened.ok) opened.value.close();
      return;
    }
    if (!opened.ok) {
      this.#retry(opened.error);
      return;
    }
    const { engine, log } = this.#options;
    this.#events = opened.value;
    this.#connections += 1;
    this.#isAwaySaid = false;
    log.info("connected to the container engine", {
      address: engine.address,
      engine: this.#engine,
    });
    await this.#reconcile(opened.value, true);
  }

  async #open(): Promise<Result<EngineEvents, RuntimeFailure>> {
    const { engine, limits } = this.#options;
    const version = await engine.negotiate(limits.requestTimeoutMs);
    if (!version.ok) return version;
    const info = await engine.info(limits.requestTimeoutMs);
    if (!info.ok) return info;
    this.#engine = info.value;
    let endedEarly: RuntimeFailure | undefined;
    this.#awaitReplay();
    const opened = await engine.events({
      sinceNs: this.#cursor.sinceNs(),
      timeoutMs: limits.requestTimeoutMs,
      onEvent: (value) => {
        this.#take(value);
      },
      onLost: () => {
        this.#missed();
      },
      onEnd: (failure) => {
        if (this.#events === undefined) endedEarly = failure;
        else this.#disconnected(failure);
      },
    });
    return opened.ok && endedEarly !== undefined ? err(endedEarly) : opened;
  }

  /** `session` tells an answer that comes after its connection has ended from one that counts. */
  async #reconcile(session: EngineEvents, isNewConnection: boolean): Promise<void> {
    this.#isReconciling = true;
    this.#isReconcileWanted = false;
    const compared = await this.#options.reconcile(isNewConnection);
    if (this.#events !== session) return;
    this.#isReconciling = false;
    if (!compared.ok) {
      this.#disconnected(compared.error);
      return;
    }
    this.#failures = 0;
    if (isNewConnection) this.#options.onConnection?.(true);
    this.#scheduleReconcile();
  }

  #scheduleReconcile(): void {
    const { limits } = this.#options;
    const session = this.#events;
    if (session === undefined) return;
    const delayMs = this.#isReconcileWanted ? limits.reconnectMinMs : limits.reconcileEveryMs;
    this.#schedule(delayMs, () => this.#reconcile(session, false));
  }

  #take(value: unknown): void {
    const event = readEngineEvent(value);
    if (event === undefined) {
      this.#missed();
      return;
    }
    const isNew = this.#cursor.advance(event.facts);
    this.#tellBlind(this.#blindness.heard({ isKnown: !isNew, timeNs: event.facts.timeNs }));
    if (isNew) this.#options.onEvent(event);
  }

  #awaitReplay(): void {
    if (!this.#blindness.connected(this.#options.clock.nowNs())) return;
    clearTimeout(this.#replayTimer);
    this.#replayTimer = setTimeout(() => {
      if (this.#events !== undefined) this.#tellBlind(this.#blindness.silent());
    }, replayWaitMs);
  }

  #tellBlind(period: BlindPeriod | undefined): void {
    if (period === undefined) return;
    this.#blind = period;
    this.#options.log.warn(
      "events of the container engine may have been missed: blind from the one time to the other",
      { from: isoTime(period.fromNs), to: isoTime(period.toNs) },
    );
  }

  #missed(): void {
    this.#gaps += 1;
    this.#options.log.warn("events of the container engine were lost", { gaps: this.#gaps });
    this.reconcile();
  }

  #disconnected(failure: RuntimeFailure): void {
    this.#events?.close();
    this.#events = undefined;
    this.#blindness.cut(this.#options.clock.nowNs());
    this.#gaps += 1;
    this.#options.onConnection?.(false);
    this.#retry(failure);
  }

  #retry(failure: RuntimeFailure): void {
    const { engine, limits, log } = this.#options;
    const fields = { address: engine.address, reason: failure.message };
    if (this.#isAwaySaid) log.debug("still no container engine", fields);
    else log.warn("no container engine: trying until it is there", fields);
    this.#isAwaySaid = true;
    const doubledMs = limits.reconnectMinMs * 2 ** this.#failures;
    const longestMs = Math.min(limits.reconnectMaxMs, doubledMs);
    this.#failures = Math.min(this.#failures + 1, doublingsMax);
    this.#schedule(longestMs * (0.5 + Math.random() / 2), () => this.#connect());
  }

  #schedule(delayMs: number, task: () => Promise<void>): void {
    clearTimeout(this.#timer);
    if (!this.#isRunning) return;
    // The tasks do not reject: what the engine can fail at comes as a result.
    this.#timer = setTimeout(() => void task(), delayMs);
  }
}

function isoTime(ns: bigint): string {
  return new Date(Number(ns / nsPerMs)).toISOString();
}
