// The main thread's end of the guard thread.
// SPDX-License-Identifier: Apache-2.0
import { Worker } from "node:worker_threads";
import { DraftReceiver, type GuardWorkerData } from "./draft-channel.ts";
import type {
  AlertDraft,
  FromGuard,
  GuardRules,
  GuardSettings,
  ToGuard,
} from "./model/guard-messages.ts";
import type { Log } from "./model/ports.ts";

type GuardReady = Extract<FromGuard, { kind: "ready" }>;

type Changed = Extract<FromGuard, { kind: "changed" }>;

/** A change of what the guard thread works with, and what it cost. */
export type GuardChange =
  | Omit<Extract<ToGuard, { kind: "generation" }>, "change">
  | Omit<Extract<ToGuard, { kind: "enforcement" }>, "change">
  | Omit<Extract<ToGuard, { kind: "learn" }>, "change">
  | Omit<Extract<ToGuard, { kind: "learned" }>, "change">;

export type GuardChanged = Extract<Changed, { failure?: undefined }>;

/** Counters and superblocks as the decision loop tells them. */
export type Heartbeat = Extract<FromGuard, { kind: "heartbeat" }>;

/** What the main thread does with what the guard thread tells. */
export interface GuardListener {
  readonly onAlerts: (drafts: readonly AlertDraft[]) => void;
  readonly onCover: (message: Extract<FromGuard, { kind: "cover" }>) => void;
  readonly onHeartbeat: () => void;
  /** The thread ended by itself: nothing is decided any more. */
  readonly onDeath: (reason: string) => void;
}

/** What dies young here are records and drafts; the default of V8 is eight times as much. */
const youngGenerationMb = 6;
const readyTimeoutMs = 30_000;
const changeTimeoutMs = 30_000;

/** The running guard thread. */
export class Guard {
  readonly #worker: Worker;
  readonly #log: Log;
  readonly #drafts: DraftReceiver;
  #onAlerts: GuardListener["onAlerts"] = () => undefined;
  #isStopping = false;
  readonly #changes = new Map<number, (changed: Changed) => void>();
  #changeNumber = 0;
  #taken = 0;
  #ready: GuardRules | undefined;
  #heartbeat: Heartbeat | undefined;

  constructor(settings: GuardSettings, log: Log) {
    this.#log = log;
    // A checkout runs the sources, an installation the compiled files.
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const file = new URL(`./guard-thread.${extension}`, import.meta.url);
    this.#drafts = new DraftReceiver((drafts) => {
      this.#onAlerts(drafts);
    });
    const drafts = this.#drafts.senderPort;
    this.#worker = new Worker(file, {
      workerData: { settings, drafts } satisfies GuardWorkerData,
      transferList: [drafts],
      name: "ew-guard",
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
    });
  }

  /** Resolves when the thread takes records; rejects when it ends before, or takes too long. */
  start(listener: GuardListener): Promise<GuardRules> {
    this.#onAlerts = listener.onAlerts;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`cannot start the guard thread within ${readyTimeoutMs} ms`));
      }, readyTimeoutMs);
      const die = (reason: string): void => {
        clearTimeout(timer);
        reject(new Error(`cannot start the guard thread: ${reason}`));
        if (!this.#isStopping) listener.onDeath(reason);
      };
      this.#worker.on("message", (message: FromGuard) => {
        if (message.kind === "ready") {
          clearTimeout(timer);
          this.#ready = message;
          resolve(message);
        } else this.#hear(message, listener);
      });
      this.#worker.on("error", (error: unknown) => {
        die(error instanceof Error ? (error.stack ?? error.message) : String(error));
      });
      this.#worker.on("exit", (code) => {
        die(`it ended with code ${code}`);
      });
    });
  }

  /** What the thread works with, once it does. */
  get ready(): GuardRules | undefined {
    return this.#ready;
  }

  /** The decision loop's last heartbeat, at most a second old while it lives. */
  get heartbeat(): Heartbeat | undefined {
    return this.#heartbeat;
  }

  /** Tells the thread something. */
  post(message: ToGuard): void {
    this.#worker.postMessage(message);
  }

  /**
   * Changes what the thread works with. Resolves when the change holds for every exec that begins from then on; rejects
   * when everything stays as it was, or when the thread does not say within half a minute.
   */
  async change(change: GuardChange): Promise<GuardChanged> {
    this.#changeNumber += 1;
    const number = this.#changeNumber;
    let timer: NodeJS.Timeout | undefined;
    const changed = await new Promise<Changed | undefined>((resolve) => {
      timer = setTimeout(() => {
        resolve(undefined);
      }, changeTimeoutMs);
      this.#changes.set(number, resolve);
      this.post({ ...change, change: number });
    });
    clearTimeout(timer);
    this.#changes.delete(number);
    if (changed === undefined) {
      throw new Error(
        `cannot tell what holds: the guard thread did not say in ${changeTimeoutMs} ms`,
      );
    }
    if (changed.failure !== undefined) {
      throw new Error(`cannot change what the guard thread works with: ${changed.failure}`);
    }
    if (changed.rules !== undefined) this.#ready = changed.rules;
    return changed;
  }

  /** Gives the thread room for as many more alerts; told once in a turn of the event loop. */
  taken(alerts: number): void {
    if (this.#taken === 0) {
      setImmediate(() => {
        this.post({ kind: "taken", alerts: this.#taken });
        this.#taken = 0;
      });
    }
    this.#taken += alerts;
  }

  /** Ends the thread; what it has sent is still taken. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.post({ kind: "stop" });
    await this.#worker.terminate();
    this.#drafts.close();
  }

  #hear(message: Exclude<FromGuard, GuardReady>, listener: GuardListener): void {
    switch (message.kind) {
      case "drafts":
        this.#drafts.announce();
        break;
      case "cover":
        listener.onCover(message);
        break;
      case "heartbeat":
        this.#heartbeat = message;
        listener.onHeartbeat();
        break;
      case "changed":
        this.#changes.get(message.change)?.(message);
        break;
      case "log":
        this.#log[message.level](message.message, message.fields);
        break;
    }
  }
}
