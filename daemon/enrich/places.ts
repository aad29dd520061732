// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import type { Container } from "../model/container.ts";

/** Who an exec belongs to, and how that is known. */
export interface Identity {
  /** Undefined when neither the device nor the cgroup names a container. */
  readonly containerId?: string;
  readonly container?: Container;
}

/**
 * Knows which container a device number stands for. Every overlay mount is a superblock with a number
 * of its own, so the number names the container without looking at any process; the cgroup is the
 * second witness, and the first where the number is shared (volumes) or new.
 */
export class Places {
  readonly #containers = new Map<string, Container>();
  readonly #points = new Map<number, ByteString>();
  readonly #owners = new Map<number, string>();
  readonly #devices = new Map<string, Set<number>>();

  /** Takes a container, or what is newly known of it. */
  setContainer(container: Container): void {
    this.#containers.set(container.id, container);
    for (const [device, point] of this.#points) {
      if (isRootOf(container, point)) this.#own(device, container.id);
    }
  }

  /** Forgets a container and its devices. */
  removeContainer(id: string): void {
    this.#containers.delete(id);
    for (const device of this.#devices.get(id) ?? []) this.#owners.delete(device);
    this.#devices.delete(id);
  }

  container(id: string): Container | undefined {
    return this.#containers.get(id);
  }

  containers(): Iterable<Container> {
    return this.#containers.values();
  }

  /** A superblock appeared: whatever its number meant before is void. */
  addRoot(device: number, point: ByteString): void {
    this.removeDevice(device);
    this.#points.set(device, point);
    for (const container of this.#containers.values()) {
      if (isRootOf(container, point)) this.#own(device, container.id);
    }
  }

  /** A superblock is gone; its number may be somebody else's next. */
  removeDevice(device: number): void {
    this.#points.delete(device);
    const owner = this.#owners.get(device);
    this.#owners.delete(device);
    if (owner !== undefined) this.#devices.get(owner)?.delete(device);
  }

  /** Whether a device is a marked container root. */
  isRoot(device: number): boolean {
    return this.#points.has(device);
  }

  /** Superblocks that are a container's own. */
  devicesOf(id: string): ReadonlySet<number> {
    return this.#devices.get(id) ?? new Set();
  }

  /** The engine's container that an exec belongs to, by device first and cgroup second. */
  identify(device: number, cgroupIds: readonly string[]): Identity {
    const known = cgroupIds.find((id) => this.#containers.has(id));
    const owner = this.#owners.get(device);
    if (owner === undefined && known !== undefined && this.#points.has(device)) {
      this.#own(device, known);
    }
    const id = owner ?? known ?? cgroupIds[0];
    if (id === undefined) return {};
    const container = this.#containers.get(id);
    return { containerId: id, ...(container === undefined ? {} : { container }) };
  }

  #own(device: number, id: string): void {
    const previous = this.#owners.get(device);
    if (previous !== undefined && previous !== id) this.#devices.get(previous)?.delete(device);
    this.#owners.set(device, id);
    const devices = this.#devices.get(id) ?? new Set<number>();
    devices.add(device);
    this.#devices.set(id, devices);
  }
}

// overlay2 tells the directory; containerd's layout has the id in the path.
function isRootOf(container: Container, point: ByteString): boolean {
  return container.rootDirectory === point || point.includes(`/${container.id}`);
}
