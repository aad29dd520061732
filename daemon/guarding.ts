// Keeps gate, inventory and guard thread in step: what the engine starts is marked before its first
// exec, and the guard thread knows whose it is.
// SPDX-License-Identifier: Apache-2.0
import { readFileSync, readlinkSync } from "node:fs";
import type { ContainerInventory } from "./enrich/containers.ts";
import type { Guard } from "./guard.ts";
import type { Binding } from "./kernel/binding.ts";
import { Coverage } from "./kernel/coverage.ts";
import type { RootPattern } from "./kernel/gate.ts";
import type { AnyGate } from "./kernel/without-gate.ts";
import type { Container } from "./model/container.ts";
import type { ToGuard } from "./model/guard-messages.ts";
import type { Clock, Log } from "./model/ports.ts";
import type { Witnessing } from "./witnessing.ts";
import type { ByteString } from "./util/byte-string.ts";

/** What guarding is built from. */
export interface GuardingOptions {
  readonly binding: Binding;
  readonly gate: AnyGate;
  readonly guard: Guard;
  readonly inventory: ContainerInventory;
  readonly witnessing: Witnessing;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly log: Log;
}

const usersBytesMax = 1 << 20;
/** Alerts of a first exec wait for the names of its users no longer than this; the exec itself does not. */
const usersWaitMs = 1_500;
const usersFreshMs = 30_000;
const noUsers = { passwd: "", group: "", uidMap: "", gidMap: "" };
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
    const { gate, guard, witnessing, log } = options;
    this.#coverage = new Coverage({
      gate,
      log,
      readMountinfo: readProc,
      events: {
        onRoot: (root) => {
          guard.post({ kind: "superblock", ...root });
          witnessing.rootAdded(root.device);
        },
        onRootGone: ({ device, generation }) => {
          guard.post({ kind: "superblock-gone", device, generation });
          witnessing.rootRemoved(device);
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

  /**
   * Marks everything a container can execute from, seen from `pid`, and reads who its users are. A process of the host
   * that executes a container's file shows the host's mounts, none of which may be marked: the container's own init
   * takes its place, or nothing is marked and the guard thread asks again at the next exec.
   */
  async cover(containerId: string, pid: number): Promise<void> {
    const insider = [pid, this.#options.inventory.get(containerId)?.pid].find(
      (candidate) => candidate !== undefined && candidate > 0 && !isInHostNamespace(candidate),
    );
    if (insider === undefined) {
      this.#post({ kind: "users", containerId, isRead: false, ...noUsers });
      this.#post({ kind: "covered", containerId, devices: [], isComplete: false });
      return;
    }
    const { unmarked, ...coverage } = this.#coverage.cover(insider);
    this.#options.gate.follow(this.#options.inventory.get(containerId)?.pid ?? insider);
    this.#options.witnessing.covered(containerId, coverage.devices, unmarked);
    this.#post({ kind: "covered", containerId, ...coverage, isComplete: true });
    await this.#readUsers(containerId, insider);
  }

  /** Reads a container's users again when that was some time ago: people add users. */
  refreshUsers(container: Container): void {
    const readMs = this.#usersReadMs.get(container.id) ?? -Infinity;
    const ageMs = this.#options.clock.monotonicMs() - readMs;
    if (container.pid === undefined || ageMs < usersFreshMs) return;
    void this.#readUsers(container.id, container.pid);
  }

  /** The engine has told of itself and of what it runs: its directory is known from now on. */
  engineAnswered(): void {
    this.#look();
    this.#post({ kind: "engine-answered" });
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
    this.#usersReadMs.set(containerId, this.#options.clock.monotonicMs());
    if (this.#usersReadMs.size > usersMax) this.#forgetGone();
    // A file system that hangs must not delay every alert of the container.
    const timer = setTimeout(() => {
      this.#post({ kind: "users", containerId, isRead: false, ...noUsers });
    }, usersWaitMs);
    const root = `/proc/${pid}/root`;
    const [passwd, group] = await Promise.all(
      ["/etc/passwd", "/etc/group"].map((path) =>
        this.#options.binding.readInRoot(root, path, usersBytesMax),
      ),
    );
    clearTimeout(timer);
    this.#post({
      kind: "users",
      containerId,
      isRead: passwd instanceof Buffer,
      passwd: textOf(passwd),
      group: textOf(group),
      uidMap: readProc(`/proc/${pid}/uid_map`) ?? "",
      gidMap: readProc(`/proc/${pid}/gid_map`) ?? "",
    });
  }

  #post(message: ToGuard): void {
    this.#options.guard.post(message);
  }
}

// An image without these files has no names: their absence is no fault.
function textOf(content: Buffer | number | undefined): ByteString {
  return content instanceof Buffer ? content.toString("latin1") : "";
}

/**
 * Whether a process sees the host's mounts: its mount namespace is this daemon's or that of pid 1, which differ where the
 * service manager gives the daemon one of its own (namespaces(7)). A process that is gone sees nothing, which is no harm.
 */
function isInHostNamespace(pid: number): boolean {
  const namespace = mountNamespace(String(pid));
  if (namespace === undefined) return false;
  return namespace === mountNamespace("self") || namespace === mountNamespace("1");
}

function mountNamespace(process: string): string | undefined {
  try {
    return readlinkSync(`/proc/${process}/ns/mnt`);
  } catch {
    return undefined;
  }
}

// procfs answers from memory, and a mark that comes late is worse than a short wait of the main thread.
function readProc(path: string): ByteString | undefined {
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
