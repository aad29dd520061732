// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import type { Log } from "../model/ports.ts";
import { deviceText, type MarkPlace, type RootSuperblock } from "./gate.ts";
import { parseMountinfo } from "./mountinfo.ts";
import type { AnyGate } from "./without-gate.ts";

/** What was marked for one container beside its root. */
export interface ContainerCoverage {
  /** Superblocks that no mount of the host shows: this container's, or shared among containers. */
  readonly devices: readonly number[];
  /** Superblocks of its own that could not be marked: the gate does not see execs there. */
  readonly unmarked: readonly number[];
}

/** Filesystems that nothing can be executed from: marking them is refused or pointless. */
const neverExecutable = new Set([
  "proc",
  "sysfs",
  "cgroup",
  "cgroup2",
  "devpts",
  "mqueue",
  "securityfs",
  "debugfs",
  "tracefs",
  "bpf",
  "pstore",
  "configfs",
  "nsfs",
]);

/** Mounts of one container that are looked at; more are counted and said. */
const mountsMax = 4096;

const errnoStale = 116;

/** Marks what the native thread does not: the places of a container beside its root. Lives in the main thread. */
export class Coverage {
  readonly #gate: AnyGate;
  readonly #log: Log;
  readonly #readMountinfo: (path: string) => ByteString | undefined;
  readonly #events: CoverageEvents;
  #roots: ReadonlyMap<number, RootSuperblock> = new Map();

  constructor(options: CoverageOptions) {
    this.#gate = options.gate;
    this.#log = options.log;
    this.#readMountinfo = options.readMountinfo;
    this.#events = options.events;
  }

  /** Tells which container roots came and went since the last time. */
  update(): void {
    const roots = new Map(this.#gate.roots().map((root) => [root.device, root]));
    for (const [device, root] of this.#roots) {
      if (roots.get(device)?.generation !== root.generation) this.#events.onRootGone(root);
    }
    for (const [device, root] of roots) {
      if (this.#roots.get(device)?.generation !== root.generation) this.#events.onRoot(root);
    }
    this.#roots = roots;
  }

  /** Marks what else a container can execute from: tmpfs, volumes, bind mounts, seen from process `pid`. */
  cover(pid: number): ContainerCoverage {
    this.update();
    const text = this.#readMountinfo(`/proc/${pid}/mountinfo`);
    const hostDevices = this.#hostDevices();
    const devices = new Set<number>();
    const unmarked = new Set<number>();
    const mounts = parseMountinfo(text ?? "");
    if (mounts.length > mountsMax) {
      this.#log.warn("a container has more mounts than are guarded", {
        pid,
        mounts: mounts.length,
        guarded: mountsMax,
      });
    }
    for (const mount of mounts.slice(0, mountsMax)) {
      if (neverExecutable.has(mount.type)) continue;
      if (this.#roots.has(mount.device)) continue;
      const isShared = hostDevices === undefined || hostDevices.has(mount.device);
      const place: MarkPlace = {
        root: `/proc/${pid}/root`,
        path: mount.point,
        device: mount.device,
        extent: isShared ? "mount" : "filesystem",
      };
      const marking = this.#mark(place, mount.type);
      if (isShared) continue;
      if (marking === "failed") unmarked.add(mount.device);
      if (marking === "marked") devices.add(mount.device);
    }
    return { devices: [...devices], unmarked: [...unmarked] };
  }

  // Superblocks that the host itself may execute from: a mark on one of them would hold the host. All
  // may be, when the host's table cannot be read.
  #hostDevices(): ReadonlySet<number> | undefined {
    const text = this.#readMountinfo("/proc/self/mountinfo");
    if (text === undefined) return undefined;
    return new Set(parseMountinfo(text).map(({ device }) => device));
  }

  #mark(place: MarkPlace, filesystem: string): "marked" | "gone" | "failed" {
    const failure = this.#gate.mark(place);
    if (failure === undefined) return "marked";
    // Unmounted between reading the table and marking: the next change of the table follows.
    if (failure.errno === errnoStale || failure.errno === 2) return "gone";
    this.#log.warn("cannot guard a place that a container can execute from", {
      place: place.path,
      filesystem,
      device: deviceText(place.device),
      errno: failure.errno,
      syscall: failure.syscall,
    });
    return "failed";
  }
}

/** What happens to container roots. */
export interface CoverageEvents {
  readonly onRoot: (root: RootSuperblock) => void;
  readonly onRootGone: (root: RootSuperblock) => void;
}

/** Everything that the coverage needs from outside. */
export interface CoverageOptions {
  readonly gate: AnyGate;
  readonly log: Log;
  /** The text of a mountinfo file; undefined when it cannot be read. */
  readonly readMountinfo: (path: string) => ByteString | undefined;
  readonly events: CoverageEvents;
}
