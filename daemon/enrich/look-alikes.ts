// SPDX-License-Identifier: Apache-2.0

/**
 * What is left of a container's name when everything is taken away by which a person may mistake it for another:
 * case, `-`, `_` and `.`, and characters of the same looks. Names are `[a-zA-Z0-9][a-zA-Z0-9_.-]*` (Docker).
 */
function skeletonOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[-_.]/g, "")
    .replace(/rn/g, "m")
    .replace(/vv/g, "w")
    .replace(/[1i]/g, "l")
    .replace(/0/g, "o")
    .replace(/5/g, "s");
}

/** The names in use, so that one that looks like another is found without looking through all of them. */
export class LookAlikes {
  readonly #names = new Map<string, string>();
  readonly #ids = new Map<string, Set<string>>();

  /** A container has this name now. */
  set(id: string, name: string): void {
    if (this.#names.get(id) === name) return;
    this.delete(id);
    if (name === "") return;
    this.#names.set(id, name);
    const skeleton = skeletonOf(name);
    const ids = this.#ids.get(skeleton) ?? new Set();
    this.#ids.set(skeleton, ids.add(id));
  }

  /** The container's name is free again. */
  delete(id: string): void {
    const name = this.#names.get(id);
    if (name === undefined) return;
    this.#names.delete(id);
    const skeleton = skeletonOf(name);
    const ids = this.#ids.get(skeleton);
    ids?.delete(id);
    if (ids?.size === 0) this.#ids.delete(skeleton);
  }

  /** The name of another container that this one's could be taken for. */
  find(id: string, name: string): string | undefined {
    for (const other of this.#ids.get(skeletonOf(name)) ?? []) {
      if (other !== id) return this.#names.get(other);
    }
    return undefined;
  }
}
