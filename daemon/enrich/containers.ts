// SPDX-License-Identifier: Apache-2.0
import type { Container } from "../model/container.ts";
import type { EngineFacts } from "../model/engine-event.ts";
import type { Clock, ContainerEngine, Log, RuntimeFailure } from "../model/ports.ts";
import { ok, type Result } from "../util/result.ts";
import {
  readAttributes,
  readRename,
  readSummary,
  type ContainerAnswer,
  type Lifecycle,
} from "./container-facts.ts";
import { ContainerLookups, type LookupLimits } from "./container-lookups.ts";
import { ContainerRecord } from "./container-record.ts";
import { createContainerStore, type ContainerStore, type StoreLimits } from "./container-store.ts";
import { EngineFollower, type FollowerLimits, type FollowerStatus } from "./engine-follower.ts";
import type { HeardEvent } from "./engine-event.ts";
import { EventTeller, type EngineEventListener } from "./event-teller.ts";

/** Bounds of everything the inventory holds or waits for. */
export interface InventoryLimits extends FollowerLimits, StoreLimits, LookupLimits {
  /** How long a new connection waits for the inspects of what runs, milliseconds. */
  readonly settleMs: number;
}

/** How the inventory stands. */
interface InventoryStatus extends FollowerStatus {
  /** Containers that are known, those that are gone but still kept included. */
  readonly containers: number;
  /** Questions about containers that the engine did not answer. */
  readonly lookupsFailed: number;
  /** Stopped containers that were let go of before their time. */
  readonly evicted: number;
}

/** What the engine runs and lately ran. */
export interface ContainerInventory {
  /** Resolves when everything that runs is known, or the engine was found to be away. */
  start(): Promise<void>;
  /** Ends everything it began; the engine is the caller's to close. */
  stop(): void;
  /** The container of that full id, for some minutes after its end too. */
  get(id: string): Container | undefined;
  list(): readonly Container[];
  status(): InventoryStatus;
}

/** Whom the inventory asks, and who is told. */
export interface InventoryOptions {
  readonly engine: ContainerEngine;
  readonly clock: Clock;
  readonly log: Log;
  /** A container that is new, or of which more or something else is known than before. */
  readonly onChange: (container: Container) => void;
  /** A container that is not kept any more. */
  readonly onRemove: (id: string) => void;
  /** Something that the engine told, once, after it has been taken in here. */
  readonly onEngineEvent?: EngineEventListener;
  /** The engine has told all that it runs, or is not there any more. */
  readonly onConnection?: (isConnected: boolean) => void;
  readonly limits?: Partial<InventoryLimits>;
}

const defaultLimits: InventoryLimits = {
  requestTimeoutMs: 10_000,
  inspectTimeoutMs: 30_000,
  requestsMax: 16,
  waitingMax: 4_096,
  imagesMax: 1_024,
  imageFreshMs: 60_000,
  reconnectMinMs: 100,
  reconnectMaxMs: 10_000,
  reconcileEveryMs: 300_000,
  replayMs: 10_000,
  goneKeepMs: 300_000,
  stoppedMax: 4_096,
  settleMs: 2_000,
};

/**
 * Creates the inventory. A container is told as soon as its `create` event says its name and image, and again with
 * each answer that says more; `isComplete` when `inspect` has answered.
 */
export function createContainerInventory(options: InventoryOptions): ContainerInventory {
  return new Inventory(options, { ...defaultLimits, ...options.limits });
}

type Turn = (event: EngineFacts) => Partial<Lifecycle>;

/** What an event does to a container's life; other events do nothing to it. */
const turns: ReadonlyMap<string, Turn> = new Map<string, Turn>([
  ["create", () => ({ state: "created" })],
  ["start", ({ timeNs }) => ({ state: "running", startedNs: timeNs, pid: undefined })],
  ["pause", () => ({ state: "paused" })],
  ["unpause", () => ({ state: "running" })],
  ["die", () => ({ state: "dead", pid: undefined })],
  ["destroy", () => ({ state: "dead", pid: undefined })],
]);

/** Events after which `inspect` says what it did not say before. */
const inspectAfter: ReadonlySet<string> = new Set(["create", "start", "update"]);

class Inventory implements ContainerInventory {
  readonly #options: InventoryOptions;
  readonly #limits: InventoryLimits;
  readonly #store: ContainerStore;
  readonly #lookups: ContainerLookups;
  readonly #follower: EngineFollower;
  readonly #teller: EventTeller;
  #sweepTimer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: InventoryOptions, limits: InventoryLimits) {
    const { clock } = options;
    this.#options = options;
    this.#limits = limits;
    this.#store = createContainerStore(limits);
    this.#teller = new EventTeller(options.onEngineEvent);
    this.#lookups = new ContainerLookups({
      ...options,
      limits,
      monotonicMs: () => clock.monotonicMs(),
      onUpdate: (record) => {
        this.#publish(record);
      },
    });
    this.#follower = new EngineFollower({
      ...options,
      limits,
      onEvent: (event) => {
        this.#onEvent(event);
      },
      reconcile: (isNewConnection) => this.#reconcile(isNewConnection),
    });
  }

  start(): Promise<void> {
    return this.#follower.start();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#sweepTimer);
    this.#follower.stop();
    this.#lookups.stop();
  }

  get(id: string): Container | undefined {
    return this.#store.get(id)?.container;
  }

  list(): readonly Container[] {
    return this.#store.list().map((record) => record.container);
  }

  status(): InventoryStatus {
    return {
      ...this.#follower.status(),
      containers: this.#store.size,
      lookupsFailed: this.#lookups.failedCount,
      evicted: this.#store.evictedCount,
    };
  }

  #onEvent(event: HeardEvent): void {
    const { facts } = event;
    const { containerId: id } = facts;
    const nameBefore = id === undefined ? undefined : this.get(id)?.name;
    if (facts.type === "container" && id !== undefined) this.#follow(id, event);
    const known = id === undefined ? undefined : this.get(id);
    this.#teller.tell(event, { known, nameBefore });
    this.#sweep();
  }

  #follow(id: string, event: HeardEvent): void {
    const { action } = event.facts;
    const turn = turns.get(action)?.(event.facts);
    if (turn === undefined && action !== "rename" && action !== "update") return;
    const known = this.#store.get(id);
    if (known === undefined && action === "destroy") return;
    const record = known ?? this.#begin(id, event);
    if (action === "rename") this.#update(record, record.takeFacts(readRename(event.attributes)));
    if (turn !== undefined) this.#update(record, record.turn(turn));
    if (action === "destroy") this.#markGone(id);
    if (inspectAfter.has(action)) void this.#lookups.inspect(record);
  }

  /** The first event of a container that is not known: mostly `create`, another one after a gap. */
  #begin(id: string, { facts: { action, timeNs }, attributes }: HeardEvent): ContainerRecord {
    const facts = readAttributes(attributes);
    const createdNs = action === "create" ? timeNs : undefined;
    const lifecycle = { state: "created", pid: undefined, startedNs: undefined } as const;
    const record = this.#add({ id, facts: { ...facts, createdNs }, lifecycle });
    void this.#lookups.identify(record);
    return record;
  }

  #add(first: ContainerAnswer): ContainerRecord {
    const record = new ContainerRecord(first);
    this.#store.add(record);
    this.#publish(record);
    return record;
  }

  /** Compares the engine's list with what is known. Waits for the inspects of what runs, within bounds. */
  async #reconcile(isNewConnection: boolean): Promise<Result<void, RuntimeFailure>> {
    const turnsBefore = new Map(this.#store.list().map((record) => [record.id, record.turns]));
    const list = await this.#options.engine.list(this.#limits.requestTimeoutMs);
    if (!list.ok) return list;
    const lookups: Promise<void>[] = [];
    for (const entry of list.value) {
      const answer = readSummary(entry);
      if (answer === undefined) continue;
      const record = this.#takeListed(answer, turnsBefore.get(answer.id));
      turnsBefore.delete(answer.id);
      if (record === undefined) continue;
      if (!record.isImageKnown) lookups.push(this.#lookups.identifyImage(record));
      const { isComplete, pid } = record.container;
      const isNews = isNewConnection || !isComplete || pid === undefined;
      if (isNews && !record.isStopped) lookups.push(this.#lookups.inspect(record));
    }
    for (const id of turnsBefore.keys()) this.#forget(id);
    this.#sweep();
    if (isNewConnection) await withinMs(this.#limits.settleMs, Promise.all(lookups));
    return ok(undefined);
  }

  /** `turnsAsked` is where its life stood when the list was asked for; undefined for one not known then. */
  #takeListed(
    answer: ContainerAnswer,
    turnsAsked: number | undefined,
  ): ContainerRecord | undefined {
    const record = this.#store.get(answer.id);
    if (record === undefined) return this.#add(answer);
    // Its `destroy` came after the engine had written the list.
    if (this.#store.isGone(answer.id)) return undefined;
    this.#update(record, record.takeSummary(answer, turnsAsked));
    return record;
  }

  /** A container that the engine does not list any more. */
  #forget(id: string): void {
    const record = this.#store.get(id);
    if (record === undefined || this.#store.isGone(id)) return;
    this.#update(record, record.turn({ state: "dead", pid: undefined }));
    this.#markGone(id);
  }

  #markGone(id: string): void {
    this.#store.markGone(id, this.#options.clock.monotonicMs());
    this.#teller.forget(id);
  }

  #update(record: ContainerRecord, isChanged: boolean): void {
    if (isChanged) this.#publish(record);
  }

  #publish(record: ContainerRecord): void {
    // An answer may come after the record was let go of.
    const isKept = this.#store.get(record.id) === record;
    if (isKept && !this.#store.isGone(record.id))
      this.#teller.named(record.id, record.container.name);
    if (isKept && !this.#isStopped) this.#options.onChange(record.container);
  }

  #sweep(): void {
    const { clock, onRemove } = this.#options;
    const nowMs = clock.monotonicMs();
    for (const id of this.#store.sweep(nowMs)) {
      this.#teller.forget(id);
      onRemove(id);
    }
    clearTimeout(this.#sweepTimer);
    const nextMs = this.#store.nextSweepMs();
    if (nextMs === undefined || this.#isStopped) return;
    this.#sweepTimer = setTimeout(
      () => {
        this.#sweep();
      },
      Math.max(1, nextMs - nowMs),
    );
  }
}

/** Waits for the work, but no longer than that; what is not done by then goes on. */
async function withinMs(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, expired]);
  clearTimeout(timer);
}
