// Lists the executables of each image at its first start, one image at a time, in a thread that nobody waits for.
// SPDX-License-Identifier: Apache-2.0
import { contentSizeMax } from "./guard/contents.ts";
import type { Binding } from "./kernel/binding.ts";
import type { Container } from "./model/container.ts";
import type { ImageFile } from "./model/guard-messages.ts";
import type { Log } from "./model/ports.ts";
import type { ImagesStatus } from "./model/status.ts";

/** What lists are made with. */
export interface ImageInventoryOptions {
  readonly binding: Pick<Binding, "listExecutables">;
  /** Takes a finished list. */
  readonly onListed: (imageId: string, files: readonly ImageFile[]) => void;
  /** A list made room for others: its image is listed anew at its next start. */
  readonly onForgotten: (imageId: string) => void;
  readonly log: Log;
}

const limits = { filesMax: 8_192, bytesMax: 2 ** 31 };
const imagesMax = 256;
/** Files of all lists together: some 50 MB in the thread that keeps them. */
const filesTotalMax = 131_072;
const waitingMax = 256;

/** Which images have been listed; the oldest is forgotten first, and listed again at its next start. */
export class ImageInventory {
  readonly #options: ImageInventoryOptions;
  readonly #listed = new Map<string, number>();
  #waiting: readonly Container[] = [];
  #isBusy = false;
  #incomplete = 0;

  constructor(options: ImageInventoryOptions) {
    this.#options = options;
  }

  /** A container runs: lists its image unless that has been done. */
  offer(container: Container): void {
    const { image, pid, state, createdNs } = container;
    if (image.id === "" || pid === undefined || pid <= 0 || createdNs === undefined) return;
    if (state !== "running" || this.#listed.has(image.id)) return;
    if (this.#waiting.length >= waitingMax) return;
    this.#listed.set(image.id, 0);
    this.#waiting = [...this.#waiting, container];
    this.#next();
  }

  status(): ImagesStatus {
    const files = [...this.#listed.values()].reduce((sum, count) => sum + count, 0);
    return { listed: this.#listed.size, files, incomplete: this.#incomplete };
  }

  #next(): void {
    const [container, ...others] = this.#waiting;
    if (this.#isBusy || container === undefined) return;
    this.#waiting = others;
    this.#isBusy = true;
    const root = `/proc/${container.pid}/root`;
    const { filesMax, bytesMax } = limits;
    this.#options.binding.listExecutables(root, filesMax, contentSizeMax, bytesMax, (values) => {
      this.#isBusy = false;
      this.#take(container, values);
      this.#next();
    });
  }

  #take({ image, createdNs = 0n, name }: Container, values: readonly unknown[]): void {
    const [error, isComplete] = values;
    if (error !== 0) {
      // It ended before it could be looked at: its next start is another chance.
      this.#listed.delete(image.id);
      return;
    }
    if (isComplete !== true) {
      this.#incomplete += 1;
      this.#options.log.warn("an image has more, or larger, executables than are listed", {
        container: name,
        image: image.reference,
      });
    }
    const files = filesOf(values, createdNs);
    this.#listed.set(image.id, files.length);
    this.#options.onListed(image.id, files);
    this.#forgetOldest(image.id);
  }

  // The newest stays, whatever its size: that is bounded itself.
  #forgetOldest(newest: string): void {
    for (const id of [...this.#listed.keys()]) {
      const { files } = this.status();
      if (this.#listed.size <= imagesMax && files <= filesTotalMax) return;
      if (id === newest) continue;
      this.#listed.delete(id);
      this.#options.onForgotten(id);
    }
  }
}

// Rows of path, inode, size, ctime and digest behind the first two values. What the container wrote meanwhile is newer.
function filesOf(values: readonly unknown[], createdNs: bigint): readonly ImageFile[] {
  const files: ImageFile[] = [];
  for (let at = 2; at + 4 < values.length; at += 5) {
    const [path, , size, ctimeNs, digest] = values.slice(at, at + 5);
    if (!(path instanceof Buffer) || !(digest instanceof Buffer)) continue;
    if (typeof size !== "number" || typeof ctimeNs !== "bigint" || ctimeNs >= createdNs) continue;
    files.push({ path: path.toString("latin1"), size, sha256: digest.toString("hex") });
  }
  return files;
}
