// Keeps gate, inventory and guard thread in step: what the engine starts is marked before its first
// exec, and the guard thread knows whose it is.
// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import type { ContainerInventory } from "./enrich/containers.ts";
import type { Guard } from "./guard.ts";
import type { Binding } from "./kernel/binding.ts";
import { Coverage } from "./kernel/coverage.ts";
import type { Gate, RootPattern } from "./kernel/gate.ts";
import type { Container } from "./model/container.ts";
import type { Log } from "./model/ports.ts";
import type { ByteString } from "./util/byte-string.ts";

/** What guarding is built from. */
export interface GuardingOptions {
  readonly binding: Binding;
  readonly gate: Gate;
  readonly guard: Guard;
  readonly inventory: ContainerInventory;
  readonly log: Log;
}

const usersBytesMax = 1 << 20;
/** A first exec waits for the names of its users no longer than this. */
const usersWaitMs = 150;
const usersFreshMs = 30_000;
/** Containers whose reading times are kept before those that are gone are swept out. */
const usersMax = 1_024;

/** Marks, metadata and users' names, for the guard thread. */
export class Guarding {
  readonly #options: GuardingOptions;
  readonly #coverage: Coverage;
  #patternsFor: string | undefined;
  readonly #usersReadMs = new Map<string, number>();

  constructor(options: GuardingOptions) {
    this.#options = options;
    const { gate, guard, log } = options;
    this.#coverage = new Coverage({
      gate,
      log,
      readMountinfo,
      events: {
        onRoot: (root) => {
          guard.post({ kind: "superblock", ...root });
        },
        onRootGone: ({ device, generation }) => {
          guard.post({ kind: "superblock-gone", device, generation });
        },
      },
    });
  }

  /** Marks what runs now and watches for what comes. The inventory has been asked before. */
  async start(): Promise<void> {
    this.#options.gate.watchMounts(() => {
      this.#look();
    });
    this.#look();
    const running = this.#options.inventory
      .list()
      .flatMap(({ id, pid }) => (pid === undefined ? [] : [this.cover(id, pid)]));
    await Promise.all(running);
  }

  /** Marks everything a container can execute from, seen from `pid`, and reads who its users are. */
  async cover(containerId: string, pid: number): Promise<void> {
    const coverage = this.#coverage.cover(pid);
    await Promise.race([this.#readUsers(containerId, pid), expire(usersWaitMs)]);
    this.#options.guard.post({ kind: "covered", containerId, ...coverage });
  }

  /** Reads a container's users again when that was some time ago: people add users. */
  refreshUsers(container: Container): void {
    const readMs = this.#usersReadMs.get(container.id) ?? 0;
    if (container.pid === undefined || Date.now() - readMs < usersFreshMs) return;
    void this.#readUsers(container.id, container.pid);
  }

  /** Container roots that are marked. */
  rootCount(): number {
    return this.#options.gate.roots().length;
  }

  // The engine's data directory is known once it answered; until then, and where it never does, any
  // directory will do.
  #look(): void {
    const { inventory, gate } = this.#options;
    const dataRoot = inventory.status().engine?.dataRoot;
    if (this.#patternsFor !== (dataRoot ?? "")) {
      this.#patternsFor = dataRoot ?? "";
      gate.setRootPatterns(rootPatterns(dataRoot));
    }
    this.#coverage.update();
  }

  #forgetGone(): void {
    for (const id of this.#usersReadMs.keys()) {
      if (this.#options.inventory.get(id) === undefined) this.#usersReadMs.delete(id);
    }
  }

  async #readUsers(containerId: string, pid: number): Promise<void> {
    this.#usersReadMs.set(containerId, Date.now());
    if (this.#usersReadMs.size > usersMax) this.#forgetGone();
    const root = `/proc/${pid}/root`;
    const [passwd, group] = await Promise.all(
      ["/etc/passwd", "/etc/group"].map((path) =>
        this.#options.binding.readInRoot(root, path, usersBytesMax),
      ),
    );
    this.#options.guard.post({
      kind: "users",
      containerId,
      passwd: textOf(passwd),
      group: textOf(group),
    });
  }
}

// An image without these files has no names: their absence is no fault.
function textOf(content: Buffer | number | undefined): ByteString {
  return content instanceof Buffer ? content.toString("latin1") : "";
}

function expire(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

// procfs answers from memory, and a mark that comes late is worse than a short wait of the main thread.
function readMountinfo(path: string): ByteString | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}

/**
 * Where engines mount the root file systems of containers: overlay2 below the data directory, containerd's
 * runtime directory, and the data directory's rootfs with the containerd image store.
 */
function rootPatterns(dataRoot: string | undefined): readonly RootPattern[] {
  const prefix = dataRoot === undefined ? "" : `${dataRoot}/`;
  return [
    { prefix, infix: "/overlay2/", suffix: "/merged" },
    { prefix, infix: "/rootfs/overlayfs/" },
    { infix: "/io.containerd.runtime.v2.task/moby/" },
  ];
}
