// Lists the executables of each image at its first start, one image at a time, in a thread that nobody waits for.
// SPDX-License-Identifier: Apache-2.0
import { noSkips, type ImageList, type ImageLister } from "./image-listing.ts";
import type { Container } from "./model/container.ts";
import type { EngineFacts } from "./model/engine-event.ts";
import type { ImageFile } from "./model/guard-messages.ts";
import type { Log } from "./model/ports.ts";
import type { ImagesStatus, ListSkips } from "./model/status.ts";

/** What lists are made with, and who gets them. */
export interface ImageInventoryOptions {
  readonly list: ImageLister;
  /** Whether a container of that image is not dead. */
  readonly isInUse: (imageId: string) => boolean;
  /** Takes a finished list. */
  readonly onListed: (imageId: string, files: readonly ImageFile[]) => void;
  /** A list is gone: its image is listed anew at its next start. */
  readonly onForgotten: (imageId: string) => void;
  readonly log: Log;
}

const imagesMax = 256;
/** Files of all lists together: some 50 MB in the thread that keeps them. */
const filesTotalMax = 131_072;
const waitingMax = 256;

/** Which images have been listed; the one that was started longest ago is forgotten first. */
export class ImageInventory {
  readonly #options: ImageInventoryOptions;
  /** How many files; none while it waits. */
  readonly #listed = new Map<string, number>();
  #waiting: readonly Container[] = [];
  #isBusy = false;
  readonly #counters = {
    ...{ incomplete: 0, fromContainers: 0, failed: 0, refused: 0, forgotten: 0, dropped: 0 },
  };
  #skipped: ListSkips = noSkips;

  constructor(options: ImageInventoryOptions) {
    this.#options = options;
  }

  /** A container was created or runs: lists its image unless that has been done. */
  offer(container: Container): void {
    const { image, state } = container;
    if (image.id === "" || state === "dead") return;
    const files = this.#listed.get(image.id);
    if (files !== undefined) {
      this.#listed.delete(image.id);
      this.#listed.set(image.id, files);
      return;
    }
    if (this.#waiting.length >= waitingMax) {
      this.#counters.refused += 1;
      return;
    }
    this.#listed.set(image.id, 0);
    this.#waiting = [...this.#waiting, container];
    void this.#next();
  }

  /** The engine deleted an image, or took a name from it: unless it is in use, nobody will ask for it soon. */
  heard({ type, action, actorId }: EngineFacts): void {
    if (type !== "image" || (action !== "delete" && action !== "untag")) return;
    if (!this.#listed.has(actorId) || this.#options.isInUse(actorId)) return;
    this.#waiting = this.#waiting.filter(({ image }) => image.id !== actorId);
    this.#forget(actorId);
    this.#counters.dropped += 1;
  }

  status(): ImagesStatus {
    const { size: listed } = this.#listed;
    const waiting = this.#waiting.length;
    return {
      ...{ listed, files: this.#fileCount(), waiting },
      ...{ ...this.#counters, skipped: this.#skipped },
    };
  }

  #fileCount(): number {
    return [...this.#listed.values()].reduce((sum, count) => sum + count, 0);
  }

  async #next(): Promise<void> {
    const [container, ...others] = this.#waiting;
    if (this.#isBusy || container === undefined) return;
    this.#waiting = others;
    this.#isBusy = true;
    const list = await this.#options.list(container);
    this.#isBusy = false;
    // Unless the engine has deleted it meanwhile.
    if (this.#listed.has(container.image.id)) this.#take(container, list);
    void this.#next();
  }

  #take(container: Container, list: Awaited<ReturnType<ImageLister>>): void {
    const { image } = container;
    if (typeof list === "string") {
      // What comes of this container, or its next start, is another chance.
      this.#listed.delete(image.id);
      if (list === "gone") this.#counters.failed += 1;
      return;
    }
    this.#count(container, list);
    this.#listed.set(image.id, list.files.length);
    this.#options.onListed(image.id, list.files);
    this.#forgetOldest(image.id);
  }

  #count({ image, name }: Container, { skipped, isFromContainer }: ImageList): void {
    if (isFromContainer) this.#counters.fromContainers += 1;
    const lacks = Object.entries(skipped).filter(([, count]) => count > 0);
    if (lacks.length === 0) return;
    this.#counters.incomplete += 1;
    const sum = (key: keyof ListSkips): number => this.#skipped[key] + skipped[key];
    this.#skipped = {
      ...{ tooLarge: sum("tooLarge"), beyondBytes: sum("beyondBytes"), tooDeep: sum("tooDeep") },
      ...{ unreadable: sum("unreadable"), beyondFiles: sum("beyondFiles") },
      ...{ beyondEntries: sum("beyondEntries"), timeUp: sum("timeUp") },
    };
    this.#options.log.warn("an image has more, or other, executables than are listed", {
      container: name,
      image: image.reference,
      ...Object.fromEntries(lacks),
    });
  }

  // The newest stays, whatever its size: that is bounded itself.
  #forgetOldest(newest: string): void {
    for (const id of [...this.#listed.keys()]) {
      if (this.#listed.size <= imagesMax && this.#fileCount() <= filesTotalMax) return;
      if (id === newest) continue;
      this.#forget(id);
      this.#counters.forgotten += 1;
    }
  }

  #forget(id: string): void {
    this.#listed.delete(id);
    this.#options.onForgotten(id);
  }
}
