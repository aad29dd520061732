// SPDX-License-Identifier: Apache-2.0
import { toByteString, type ByteString } from "../util/byte-string.ts";
import type { Container } from "../model/container.ts";
import { buildStep, isBuildStep } from "./build-step.ts";
import { containerIdsOf } from "./cgroup.ts";

/** Who an exec belongs to, and how that is known. */
export interface Identity {
  /** Undefined when neither the device nor the cgroup names a container. */
  readonly containerId?: string;
  readonly container?: Container;
}

/** A device number in one of its lives. */
export interface DeviceLife {
  readonly device: number;
  /** 0 for a device that is no container root. */
  readonly generation: number;
}

interface Root extends DeviceLife {
  readonly point: ByteString;
  owner?: string;
}

/** Lives of roots that are over, or whose container was forgotten: what was executed there may still be on its way. */
const formerMax = 4_096;
/** Steps of builds at the same time; whose beginning was forgotten begins anew. */
const stepsMax = 1_024;

/**
 * Knows which container a device number stands for. Every overlay mount is a superblock with a number
 * of its own, so the number names the container without looking at any process; the cgroup is the
 * second witness, and the first where the number is shared (volumes), new, or in another life by now.
 */
export class Places {
  readonly #containers = new Map<string, Container>();
  readonly #steps = new Map<string, Container>();
  /** Superblocks beside its roots, by container. */
  readonly #devices = new Map<string, readonly number[]>();
  /** Who can execute from each of those; undefined where several can. */
  #users: ReadonlyMap<number, string | undefined> = new Map();
  readonly #roots = new Map<number, Root>();
  /** By generation, which names one life of one number. */
  readonly #formerOwners = new Map<number, string>();

  /** Takes a container, or what is newly known of it. */
  setContainer(container: Container): void {
    this.#containers.set(container.id, container);
    for (const root of this.#roots.values()) {
      if (isRootOf(container, root.point)) root.owner = container.id;
    }
  }

  /** Forgets a container. */
  removeContainer(id: string): void {
    this.setDevices(id, []);
    this.#containers.delete(id);
    this.#steps.delete(id);
    for (const root of this.#roots.values()) {
      if (root.owner !== id) continue;
      this.#rememberOwner(root);
      delete root.owner;
    }
  }

  container(id: string): Container | undefined {
    return this.#containers.get(id) ?? this.#steps.get(id);
  }

  /** The ids in a text of /proc/PID/cgroup. Nobody tells of a build's steps: the first exec of one begins it. */
  idsOf(cgroup: ByteString, timeNs: bigint): readonly string[] {
    const ids = containerIdsOf(cgroup);
    const [id] = ids;
    if (id === undefined || !isBuildStep(id) || this.#steps.has(id)) return ids;
    this.#steps.set(id, buildStep(id, timeNs));
    const oldest = this.#steps.keys().next();
    if (this.#steps.size > stepsMax && oldest.done !== true) this.#steps.delete(oldest.value);
    return ids;
  }

  /** A superblock appeared: whatever its number meant before is void. */
  addRoot(life: DeviceLife, point: ByteString): void {
    const owner = [...this.#containers.values()].find((container) => isRootOf(container, point));
    const root: Root = { ...life, point };
    this.#rememberOwner(this.#roots.get(life.device));
    this.#roots.set(life.device, root);
    if (owner !== undefined) root.owner = owner.id;
  }

  /** A superblock is gone; its number may be somebody else's already. */
  removeRoot({ device, generation }: DeviceLife): void {
    const root = this.#roots.get(device);
    if (root?.generation !== generation) return;
    this.#rememberOwner(root);
    this.#roots.delete(device);
  }

  /** Superblocks beside its roots that a container can execute from, and the host cannot: tmpfs, its own /dev. */
  setDevices(id: string, devices: readonly number[]): void {
    if (devices.length === 0 && !this.#devices.delete(id)) return;
    if (devices.length > 0) this.#devices.set(id, devices);
    const users = new Map<number, string | undefined>();
    for (const [user, used] of this.#devices) {
      for (const device of used) users.set(device, users.has(device) ? undefined : user);
    }
    this.#users = users;
  }

  /** The roots of a container. */
  rootsOf(id: string): readonly DeviceLife[] {
    return [...this.#roots.values()].filter(({ owner }) => owner === id);
  }

  /** The container whose root has this device number in its present life. */
  ownerOf(device: number): string | undefined {
    return this.#roots.get(device)?.owner;
  }

  /**
   * The engine's container that an exec belongs to, by its root's device first and cgroup second. Who has left the
   * container's control groups is known by what only that container can execute from.
   */
  identify(life: DeviceLife, cgroupIds: readonly string[]): Identity {
    const known = cgroupIds.find((id) => this.container(id) !== undefined);
    const root = this.#rootAt(life);
    // A number that nobody has claimed yet is learnt from the first process on it.
    if (root !== undefined && known !== undefined) root.owner ??= known;
    const byFile = this.#formerOwners.get(life.generation) ?? this.#userOf(life);
    const id = root?.owner ?? likelierOf(known ?? cgroupIds[0], byFile);
    if (id === undefined) return {};
    const container = this.container(id);
    return container === undefined ? { containerId: id } : { containerId: id, container };
  }

  // For whoever has left the control groups, or whose control group could not be read.
  #rememberOwner(root: Root | undefined): void {
    if (root?.owner === undefined) return;
    this.#formerOwners.set(root.generation, root.owner);
    const oldest = this.#formerOwners.keys().next();
    if (this.#formerOwners.size > formerMax && oldest.done !== true)
      this.#formerOwners.delete(oldest.value);
  }

  #userOf({ device, generation }: DeviceLife): string | undefined {
    return generation === 0 ? this.#users.get(device) : undefined;
  }

  #rootAt({ device, generation }: DeviceLife): Root | undefined {
    const root = this.#roots.get(device);
    return root !== undefined && generation !== 0 && root.generation === generation
      ? root
      : undefined;
  }
}

// overlay2 tells the directory; containerd's layout has the id in the path.
function isRootOf({ id, rootDirectory }: Container, point: ByteString): boolean {
  return (
    (rootDirectory !== undefined && toByteString(rootDirectory) === point) ||
    point.includes(`/${id}`)
  );
}

// Whoever may make control groups can call one like a step of a build, which nobody else tells of.
function likelierOf(byGroup: string | undefined, byFile: string | undefined): string | undefined {
  if (byGroup !== undefined && isBuildStep(byGroup)) return byFile ?? byGroup;
  return byGroup ?? byFile;
}
