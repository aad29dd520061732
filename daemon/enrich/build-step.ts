// Steps of builds by the engine's own BuildKit: containers that its API tells nothing of.
// SPDX-License-Identifier: Apache-2.0
import { unknownContainer, type Container } from "../model/container.ts";

/** As BuildKit makes them (identity.NewID): 25 characters of base 36. Ids of containers are longer. */
export function isBuildStep(id: string): boolean {
  return id.length === idLength;
}

/**
 * All that is known of a step. Its image is what the steps before have made, and has no name yet; that it is called
 * `BuildKit` takes nothing from anybody, since names of images have no capitals. `sinceNs` is when it was first seen.
 */
export function buildStep(id: string, sinceNs: bigint): Container {
  const none = unknownContainer(id);
  const named = { reference: imageName, repository: imageName, normalizedRepository: imageName };
  return {
    ...none,
    kind: "buildkit",
    name: `buildkit-${id.slice(0, shownLength)}`,
    image: { ...none.image, ...named },
    createdNs: sinceNs,
    startedNs: sinceNs,
    isComplete: true,
  };
}

/** The end of the path where the engine mounts the root of a step (moby, builder-next; buildkit, runcexecutor). */
export function rootOfStep(id: string): string {
  return `/buildkit/executor/${id}/rootfs`;
}

const idLength = 25;
const shownLength = 12;
const imageName = "BuildKit";
