// Compares what a container has of the host's places with what the door judged, as soon as its mounts are there: links may
// be changed between the door's answer and the mount, and the engine starts containers by itself too. In the main thread.
// SPDX-License-Identifier: Apache-2.0
import { placesOf } from "./door-surroundings.ts";
import type { EngineFeed } from "./engine-feed.ts";
import type { ContainerInventory } from "./enrich/containers.ts";
import { readHostTables } from "./host-mounts.ts";
import { originIn, originText, otherMounts, pathsOf } from "./kernel/mount-origin.ts";
import { parseMountinfo, type Mount } from "./kernel/mountinfo.ts";
import { readProc } from "./kernel/proc.ts";
import type { Container } from "./model/container.ts";
import type { EngineFacts } from "./model/engine-event.ts";
import type { JudgedMount, MountOrigin, UnjudgedMount } from "./model/mount-origin.ts";
import type { Clock, ContainerEngine, Log } from "./model/ports.ts";
import { fromByteString, toByteString } from "./util/byte-string.ts";
import { lookAtPath, type HostFiles, type SensitivePlace } from "../plugin/reach.ts";

/** Whom it asks and tells. */
interface MountCheckOptions {
  readonly places: () => readonly SensitivePlace[];
  /** The engine's directory, where its own volumes are. */
  readonly dataRoot: () => string | undefined;
  readonly onFound: (facts: EngineFacts) => void;
  readonly clock: Pick<Clock, "nowNs">;
  readonly log: Log;
}

/** Containers whose judged mounts are kept; of one that is forgotten nothing is known, as of one from before the daemon. */
const containersMax = 4_096;

/** What a place gives away by its path alone. */
const noLinks: HostFiles = {
  realPath: (path) => Promise.resolve(path),
  identity: () => Promise.resolve(undefined),
};

/** The check over the engine that the daemon follows. */
export function createMountCheck(parts: {
  readonly engine: Pick<ContainerEngine, "address">;
  readonly inventory: Pick<ContainerInventory, "status">;
  readonly engineFeed: Pick<EngineFeed, "offer">;
  readonly clock: Pick<Clock, "nowNs">;
  readonly log: Log;
}): MountCheck {
  const { engine, inventory, engineFeed, clock, log } = parts;
  return new MountCheck({
    places: () => placesOf(engine, inventory),
    dataRoot: () => inventory.status().engine?.dataRoot,
    onFound: (facts) => {
      engineFeed.offer(facts);
    },
    ...{ clock, log },
  });
}

/** Looks at each life of a container: before its first exec where that waits, and when the engine tells of its start. */
export class MountCheck {
  readonly #options: MountCheckOptions;
  readonly #startNs: bigint;
  readonly #judged = new Map<string, readonly JudgedMount[]>();
  /** Processes that showed a container's mounts, in its present life. */
  readonly #looked = new Map<string, Set<number>>();
  /** What was told of it. */
  readonly #told = new Map<string, string>();

  constructor(options: MountCheckOptions) {
    this.#options = options;
    this.#startNs = options.clock.nowNs();
  }

  /** The door has let a start go, with these places of the host. */
  judged(containerId: string, mounts: readonly JudgedMount[]): void {
    this.#judged.delete(containerId);
    this.#judged.set(containerId, mounts);
    const oldest = this.#judged.keys().next();
    if (this.#judged.size > containersMax && oldest.done !== true) this.forget(oldest.value);
  }

  /** The first exec of a container waits, or has begun: `pid` is a process in it. */
  async covered(containerId: string, pid: number): Promise<void> {
    const judged = this.#judged.get(containerId);
    if (judged === undefined || this.#looked.has(containerId)) return;
    await this.#compare(containerId, judged, this.#tableOf(containerId, pid));
  }

  /** What the engine tells of a container. */
  offer({ id, state, pid, startedNs = 0n, mounts }: Container): void {
    if (state === "dead") {
      this.#looked.delete(id);
      this.#told.delete(id);
    }
    if (state !== "running" || pid === undefined || startedNs < this.#startNs) return;
    if (this.#looked.get(id)?.has(pid) === true) return;
    const table = this.#tableOf(id, pid);
    const judged = this.#judged.get(id);
    void (judged === undefined
      ? this.#lookAt(id, mounts, table)
      : this.#compare(id, judged, table));
  }

  forget(id: string): void {
    this.#judged.delete(id);
    this.#looked.delete(id);
    this.#told.delete(id);
  }

  /** Empty where the process is gone: whatever it had, nobody has it now. */
  #tableOf(id: string, pid: number): readonly Mount[] {
    const table = parseMountinfo(readProc(`/proc/${pid}/mountinfo`) ?? "");
    if (table.length > 0) this.#looked.set(id, (this.#looked.get(id) ?? new Set()).add(pid));
    return table;
  }

  async #compare(
    id: string,
    judged: readonly JudgedMount[],
    table: readonly Mount[],
  ): Promise<void> {
    const others = table.length === 0 ? [] : otherMounts(judged, table);
    if (others.length === 0) return;
    const host = readHostTables();
    const mounts = await Promise.all(
      others.map(async ({ judged: { destination, path }, found }): Promise<UnjudgedMount> => ({
        ...{ destination, judged: path },
        ...(await this.#describe(found, host)),
      })),
    );
    this.#tell(id, mounts);
  }

  // Nobody asked the door: what its rules would ask is asked of what is mounted.
  async #lookAt(id: string, asked: Container["mounts"], table: readonly Mount[]): Promise<void> {
    const wanted = asked.filter(({ type }) => type === "bind" || type === "volume");
    if (wanted.length === 0) return;
    const host = readHostTables();
    const mounts = await Promise.all(
      wanted.map(async ({ type, destination }): Promise<readonly UnjudgedMount[]> => {
        const mount = table.findLast(({ point }) => point === toByteString(destination));
        if (mount === undefined) return [];
        const found = await this.#describe(originIn(mount), host);
        const isOwn = type === "volume" && this.#isOfEngine(found.found);
        return isOwn || found.reaches.length === 0 ? [] : [{ destination, ...found }];
      }),
    );
    this.#tell(id, mounts.flat());
  }

  async #describe(
    origin: MountOrigin | undefined,
    host: readonly (readonly Mount[])[],
  ): Promise<Pick<UnjudgedMount, "found" | "reaches">> {
    if (origin === undefined) return { found: "", reaches: [] };
    const paths = host.flatMap((table) => pathsOf(origin, table)).map(fromByteString);
    // A volume of the engine's may be a mount of something else.
    const path = paths.find((one) => !this.#isOfEngine(one)) ?? paths[0];
    if (path === undefined) return { found: fromByteString(originText(origin)), reaches: [] };
    const { reaches } = await lookAtPath(path, this.#options.places(), noLinks);
    return { found: path, reaches };
  }

  #isOfEngine(path: string): boolean {
    const dataRoot = this.#options.dataRoot();
    return dataRoot !== undefined && path.startsWith(`${dataRoot}/volumes/`);
  }

  #tell(containerId: string, mounts: readonly UnjudgedMount[]): void {
    const text = JSON.stringify(mounts);
    if (mounts.length === 0 || this.#told.get(containerId) === text) return;
    this.#told.set(containerId, text);
    const { onFound, clock, log } = this.#options;
    if (mounts.some(({ judged }) => judged !== undefined))
      log.warn("a container has other places of the host than were judged", {
        container: containerId,
        mounts,
      });
    onFound({
      ...{ type: "container", action: "mount_check", actorId: containerId, scope: "local" },
      ...{ timeNs: clock.nowNs(), containerId, attributes: {}, mounts },
    });
  }
}
