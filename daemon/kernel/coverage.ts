// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import type { Log } from "../model/ports.ts";
import { deviceText, type Gate, type MarkPlace } from "./gate.ts";
import { parseMountinfo, type Mount } from "./mountinfo.ts";

/** A superblock that holds a container's root file system. */
export interface RootSuperblock {
  readonly device: number;
  readonly point: ByteString;
}

/** What was marked for one container beside its root. */
export interface ContainerCoverage {
  /** Superblocks that no mount of the host shows: this container's, or shared among containers. */
  readonly devices: readonly number[];
  /** True when some place lies on a superblock of the host's and is marked as a mount only. */
  readonly hasSharedPlaces: boolean;
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

/** Keeps the gate's marks in step with the mount table. Lives in the main thread. */
export class Coverage {
  readonly #gate: Gate;
  readonly #log: Log;
  readonly #readMountinfo: (path: string) => ByteString | undefined;
  readonly #isContainerRoot: (point: ByteString) => boolean;
  readonly #events: CoverageEvents;
  readonly #roots = new Map<string, RootSuperblock>();
  #hostDevices: ReadonlySet<number> = new Set();

  constructor(options: CoverageOptions) {
    this.#gate = options.gate;
    this.#log = options.log;
    this.#readMountinfo = options.readMountinfo;
    this.#isContainerRoot = options.isContainerRoot;
    this.#events = options.events;
  }

  /**
   * Marks every container root that the host's mount table shows. Roots that are marked already are
   * marked again: mount ids and device numbers are reused at once, so the table alone can't tell
   * whether a line still is the same superblock, and a second mark of the same one changes nothing.
   */
  scan(): void {
    const text = this.#readMountinfo("/proc/self/mountinfo");
    if (text === undefined) {
      this.#log.error("cannot read the mount table; new containers are not guarded", {});
      return;
    }
    const mounts = parseMountinfo(text);
    const roots = mounts.filter((mount) => this.#isRoot(mount));
    const rootDevices = new Set(roots.map((mount) => mount.device));
    this.#hostDevices = new Set(
      mounts.map((mount) => mount.device).filter((device) => !rootDevices.has(device)),
    );
    this.#forgetAllBut(new Set(roots.map(keyOf)));
    for (const root of roots) this.#markRoot(root);
  }

  /** Marks what else a container can execute from: tmpfs, volumes, bind mounts, seen from process `pid`. */
  cover(pid: number): ContainerCoverage {
    const text = this.#readMountinfo(`/proc/${pid}/mountinfo`);
    const devices = new Set<number>();
    let hasSharedPlaces = false;
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
      const isShared = this.#hostDevices.has(mount.device);
      const place: MarkPlace = {
        root: `/proc/${pid}/root`,
        path: mount.point,
        device: mount.device,
        extent: isShared ? "mount" : "filesystem",
      };
      if (!this.#mark(place, mount.type)) continue;
      if (isShared) hasSharedPlaces = true;
      else devices.add(mount.device);
    }
    return { devices: [...devices], hasSharedPlaces };
  }

  /** The container roots that are marked now. */
  roots(): readonly RootSuperblock[] {
    return [...this.#roots.values()];
  }

  #isRoot(mount: Mount): boolean {
    return mount.type === "overlay" && mount.point !== "/" && this.#isContainerRoot(mount.point);
  }

  #markRoot(mount: Mount): void {
    const key = keyOf(mount);
    const isNew = !this.#roots.has(key);
    if (isNew) this.#gate.setMode(mount.device, "hold");
    const place = { root: "/", path: mount.point, device: mount.device };
    if (!this.#mark({ ...place, extent: "filesystem" }, mount.type)) return;
    if (!isNew) return;
    this.#roots.set(key, { device: mount.device, point: mount.point });
    this.#events.onRoot({ device: mount.device, point: mount.point });
  }

  #forgetAllBut(present: ReadonlySet<string>): void {
    for (const [key, root] of this.#roots) {
      if (present.has(key)) continue;
      this.#roots.delete(key);
      this.#gate.setMode(root.device, "none");
      this.#events.onRootGone(root);
    }
  }

  #mark(place: MarkPlace, filesystem: string): boolean {
    const failure = this.#gate.mark(place);
    if (failure === undefined) return true;
    // Unmounted between reading the table and marking: the next change of the table follows.
    if (failure.errno === errnoStale || failure.errno === 2) return false;
    this.#log.warn("cannot guard a place that a container can execute from", {
      place: place.path,
      filesystem,
      device: deviceText(place.device),
      errno: failure.errno,
      syscall: failure.syscall,
    });
    return false;
  }
}

/** What happens to container roots. */
export interface CoverageEvents {
  readonly onRoot: (root: RootSuperblock) => void;
  readonly onRootGone: (root: RootSuperblock) => void;
}

/** Everything that the coverage needs from outside. */
export interface CoverageOptions {
  readonly gate: Gate;
  readonly log: Log;
  /** The text of a mountinfo file; undefined when it cannot be read. */
  readonly readMountinfo: (path: string) => ByteString | undefined;
  /** Whether an overlay mounted there is a container's root. */
  readonly isContainerRoot: (point: ByteString) => boolean;
  readonly events: CoverageEvents;
}

function keyOf(mount: Mount): string {
  return `${mount.id} ${mount.device} ${mount.point}`;
}
