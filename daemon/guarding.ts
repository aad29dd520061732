// Keeps gate, inventory and guard thread in step: what the engine starts is marked before its first
// exec, and the guard thread knows whose it is.
// SPDX-License-Identifier: Apache-2.0
import { readlinkSync } from "node:fs";
import { isBuildStep, rootOfStep } from "./enrich/build-step.ts";
import type { ContainerInventory } from "./enrich/containers.ts";
import type { Guard } from "./guard.ts";
import type { Binding } from "./kernel/binding.ts";
import { Coverage } from "./kernel/coverage.ts";
import type { RootPattern } from "./kernel/gate.ts";
import type { AnyGate } from "./kernel/without-gate.ts";
import { readProc } from "./kernel/proc.ts";
import type { ToGuard } from "./model/guard-messages.ts";
import type { MountCheck } from "./mount-check.ts";
import type { Clock, ContainerEngine, Log } from "./model/ports.ts";
import { UsersReading } from "./users-reading.ts";
import type { Witnessing } from "./witnessing.ts";

/** What guarding is built from. */
export interface GuardingOptions {
  readonly binding: Binding;
  readonly gate: AnyGate;
  readonly guard: Guard;
  readonly inventory: ContainerInventory;
  readonly engine: Pick<ContainerEngine, "inspectImage">;
  readonly witnessing: Witnessing;
  readonly mountCheck: Pick<MountCheck, "covered">;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly log: Log;
}

/** Marks, metadata and users' names, for the guard thread. */
export class Guarding {
  readonly #options: GuardingOptions;
  readonly #coverage: Coverage;
  /** Names of containers' users. */
  readonly users: UsersReading;
  #patternsFor: string | undefined;
  /** Steps of builds: the engine does not tell of their end. */
  readonly #steps = new Set<string>();

  constructor(options: GuardingOptions) {
    this.#options = options;
    const { gate, guard, witnessing, log } = options;
    this.users = new UsersReading(options);
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
          this.#endSteps();
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
      this.#post({ kind: "covered", containerId, devices: [], isComplete: false });
      await this.users.readOfImage(containerId);
      return;
    }
    const { unmarked, ...coverage } = this.#coverage.cover(insider);
    if (isBuildStep(containerId)) this.#steps.add(containerId);
    this.#options.gate.follow(this.#options.inventory.get(containerId)?.pid ?? insider);
    this.#options.witnessing.covered(containerId, coverage.devices, unmarked);
    // Before the exec that waits for this goes on.
    await this.#options.mountCheck.covered(containerId, insider);
    this.#post({ kind: "covered", containerId, ...coverage, isComplete: true });
    await this.users.read(containerId, insider);
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

  #endSteps(): void {
    const table = this.#steps.size === 0 ? undefined : readProc("/proc/self/mountinfo");
    if (table === undefined) return;
    for (const id of this.#steps) {
      if (table.includes(rootOfStep(id))) continue;
      this.#steps.delete(id);
      this.#options.witnessing.forget(id);
      this.#post({ kind: "container-removed", id });
    }
  }

  #post(message: ToGuard): void {
    this.#options.guard.post(message);
  }
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

/**
 * Where engines mount the root file systems of containers: overlay2 below the data directory, containerd's
 * runtime directory, and the data directory's rootfs with the containerd image store; and the steps of builds.
 */
function rootPatterns(dataRoot: string | undefined): readonly RootPattern[] {
  const prefix = dataRoot === undefined ? "" : `${dataRoot}/`;
  return [
    { prefix, infix: "/overlay2/", suffix: "/merged" },
    { prefix, infix: "/rootfs/overlayfs/" },
    { prefix, infix: "/buildkit/executor/", suffix: "/rootfs" },
    { infix: "/io.containerd.runtime.v2.task/moby/" },
  ];
}
