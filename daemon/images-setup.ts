// Where the lists of images come from, and where they go.
// SPDX-License-Identifier: Apache-2.0
import type { ContainerInventory } from "./enrich/containers.ts";
import type { Guard } from "./guard.ts";
import { ImageInventory } from "./image-inventory.ts";
import { createImageLister } from "./image-listing.ts";
import type { Binding } from "./kernel/binding.ts";
import { readMountinfo } from "./kernel/mountinfo.ts";
import type { ContainerEngine, Log } from "./model/ports.ts";

/** Who is asked and told. */
export interface ImagesParts {
  readonly binding: Binding;
  readonly guard: Pick<Guard, "post">;
  readonly engine: ContainerEngine;
  readonly inventory: Pick<ContainerInventory, "get" | "list">;
}

/** The lists of images, for the guard thread. */
export function createImages(
  { binding, guard, engine, inventory }: ImagesParts,
  log: Log,
): ImageInventory {
  const container = inventory.get.bind(inventory);
  return new ImageInventory({
    list: createImageLister({ binding, engine, readMountinfo, container }),
    isInUse: (imageId) =>
      inventory.list().some(({ image, state }) => image.id === imageId && state !== "dead"),
    onListed: (imageId, files) => {
      guard.post({ kind: "image", imageId, files });
    },
    onForgotten: (imageId) => {
      guard.post({ kind: "image", imageId });
    },
    log,
  });
}
