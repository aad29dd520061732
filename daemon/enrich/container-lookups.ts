// SPDX-License-Identifier: Apache-2.0
import type { ContainerEngine } from "../model/ports.ts";
import { parseImageReference } from "../model/image-reference.ts";
import { readDetails, readSummary } from "./container-facts.ts";
import type { ContainerRecord } from "./container-record.ts";
import { createImageCache, type ImageCache, type ImageCacheLimits } from "./image-cache.ts";
import type { ImageFacts } from "./image-facts.ts";
import { createRequestLane, type RequestLane } from "./request-lane.ts";

/** Bounds of what the engine is asked at a time. */
export interface LookupLimits extends ImageCacheLimits {
  /** For `inspect` alone, which waits while a container starts. */
  readonly inspectTimeoutMs: number;
  /** Requests under way at a time: quick ones, and as many inspects beside them. */
  readonly requestsMax: number;
  /** Requests that wait for their turn, of either sort. */
  readonly waitingMax: number;
}

/** What looks up containers, and who is told. */
export interface LookupOptions {
  readonly engine: ContainerEngine;
  readonly monotonicMs: () => number;
  readonly limits: LookupLimits;
  /** The record's container is another than before. */
  onUpdate(record: ContainerRecord): void;
}

/**
 * Completes records by asking the engine. The quick questions (list, image) have a lane of their own, since
 * `inspect` of a container that is starting waits for the engine's lock on it.
 */
export class ContainerLookups {
  readonly #options: LookupOptions;
  readonly #images: ImageCache;
  readonly #quick: RequestLane;
  readonly #slow: RequestLane;
  /** Inspects under way or waiting, by container id. */
  readonly #inspecting = new Map<string, Promise<void>>();
  /** Containers to be inspected once more after the inspect under way. */
  readonly #wantedAgain = new Set<string>();
  #failed = 0;
  #isStopped = false;

  constructor(options: LookupOptions) {
    this.#options = options;
    this.#images = createImageCache(options);
    const { requestsMax: runningMax, waitingMax } = options.limits;
    this.#quick = createRequestLane({ runningMax, waitingMax });
    this.#slow = createRequestLane({ runningMax, waitingMax });
  }

  /** Questions that the engine did not answer, or that found no place to wait. */
  get failedCount(): number {
    return this.#failed;
  }

  /** Forgets what waits; the questions under way are the last. */
  stop(): void {
    this.#isStopped = true;
    this.#quick.clear();
    this.#slow.clear();
  }

  /** Asks for the container's entry in the list, which no lock delays, and then for its image. */
  identify(record: ContainerRecord): Promise<void> {
    return this.#run(this.#quick, async () => {
      const { turns } = record;
      const { engine, limits } = this.#options;
      const listed = await engine.list(limits.requestTimeoutMs, record.id);
      if (!listed.ok) {
        this.#failed += 1;
        return;
      }
      const answer = readSummary(listed.value[0]);
      if (answer?.id !== record.id) {
        await this.#loadNamedImage(record);
        return;
      }
      this.#update(record, record.takeSummary(answer, turns));
      await this.#loadImage(record, answer.facts.imageId);
    });
  }

  /** Asks for the image alone, of a container whose image id is known. */
  identifyImage(record: ContainerRecord): Promise<void> {
    return this.#run(this.#quick, () => this.#loadImage(record, record.imageId));
  }

  /** Asks for everything. While it is asked already, once more afterwards: something has changed since. */
  inspect(record: ContainerRecord): Promise<void> {
    const { id } = record;
    const underWay = this.#inspecting.get(id);
    if (underWay !== undefined) {
      this.#wantedAgain.add(id);
      return underWay;
    }
    const task = async (): Promise<void> => {
      do {
        // What was asked for while this one waited for its turn needs no second time.
        this.#wantedAgain.delete(id);
        await this.#inspectOnce(record);
      } while (this.#wantedAgain.has(id) && !this.#isStopped);
    };
    const done = this.#run(this.#slow, task).finally(() => this.#inspecting.delete(id));
    this.#inspecting.set(id, done);
    return done;
  }

  async #inspectOnce(record: ContainerRecord): Promise<void> {
    const { turns } = record;
    const { engine, limits } = this.#options;
    const inspected = await engine.inspect(record.id, limits.inspectTimeoutMs);
    if (!inspected.ok) {
      // A container that is gone needs no answer; its `destroy` tells the rest.
      if (inspected.error.kind !== "gone") this.#failed += 1;
      return;
    }
    const answer = readDetails(inspected.value);
    if (answer?.id !== record.id) return;
    // First, since a container counts as complete with what comes next.
    if (!record.isImageKnown) await this.#loadImage(record, answer.facts.imageId);
    this.#update(record, record.takeDetails(answer, turns));
  }

  /** For a container that was gone before it could be asked about: the image that has its name now. */
  async #loadNamedImage(record: ContainerRecord): Promise<void> {
    const { reference } = record.container.image;
    // Whoever starts a container chooses this text; only what is a reference goes into a request.
    if (record.isImageKnown || this.#isStopped || parseImageReference(reference) === undefined)
      return;
    this.#takeImage(record, await this.#images.resolve(reference));
  }

  async #loadImage(record: ContainerRecord, imageId: string | undefined): Promise<void> {
    if (imageId === undefined || this.#isStopped) return;
    const known = this.#images.peek(imageId);
    if (known !== undefined) this.#update(record, record.takeImage(known));
    this.#takeImage(record, await this.#images.load(imageId));
  }

  #takeImage(record: ContainerRecord, image: ImageFacts | undefined): void {
    if (image === undefined) this.#failed += 1;
    else this.#update(record, record.takeImage(image));
  }

  #update(record: ContainerRecord, isChanged: boolean): void {
    if (isChanged) this.#options.onUpdate(record);
  }

  /** Resolves when the task has ended, or at once when there is no place for it to wait. */
  #run(lane: RequestLane, task: () => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      if (lane.run(() => task().finally(resolve))) return;
      this.#failed += 1;
      resolve();
    });
  }
}
