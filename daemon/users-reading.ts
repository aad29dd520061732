// Who the users of a container are, for the guard thread: by its own files while a process shows them, else by those that
// its image ships. A file system that hangs delays nothing but names.
// SPDX-License-Identifier: Apache-2.0
import { isBuildStep, rootOfStep } from "./enrich/build-step.ts";
import type { ContainerInventory } from "./enrich/containers.ts";
import { readImageLayers } from "./enrich/image-layers.ts";
import type { Guard } from "./guard.ts";
import type { Binding } from "./kernel/binding.ts";
import { parseMountinfo } from "./kernel/mountinfo.ts";
import { readProc } from "./kernel/proc.ts";
import type { Container } from "./model/container.ts";
import type { Clock, ContainerEngine } from "./model/ports.ts";
import type { ByteString } from "./util/byte-string.ts";

/** What users are read with, and who is told. */
export interface UsersReadingOptions {
  readonly binding: Pick<Binding, "readInRoot">;
  readonly inventory: Pick<ContainerInventory, "get">;
  readonly engine: Pick<ContainerEngine, "inspectImage">;
  readonly guard: Pick<Guard, "post">;
  readonly clock: Pick<Clock, "monotonicMs">;
}

interface Files {
  readonly passwd: ByteString;
  readonly group: ByteString;
}

const bytesMax = 1 << 20;
/** Alerts of a first exec wait for the names of its users no longer than this; the exec itself does not. */
const waitMs = 3_000;
const inspectTimeoutMs = 2_000;
const freshMs = 30_000;
const noFiles: Files = { passwd: "", group: "" };
/** Containers whose reading times are kept before those that are gone are swept out. */
const containersMax = 1_024;
/** What goes on to the next layer: there is none of this name (errno(3): ENOENT, ENOTDIR). */
const absent: readonly number[] = [2, 20];

/** Reads them and tells of them; never rejects. */
export class UsersReading {
  readonly #options: UsersReadingOptions;
  readonly #readMs = new Map<string, number>();
  /** Containers of which the engine has yet to tell the image. */
  readonly #awaited = new Set<string>();

  constructor(options: UsersReadingOptions) {
    this.#options = options;
  }

  /** Reads a container's own files, below the root of process `pid`; its image's where that process has ended. */
  async read(containerId: string, pid: number): Promise<void> {
    this.#readMs.set(containerId, this.#options.clock.monotonicMs());
    if (this.#readMs.size > containersMax) this.#forgetGone();
    const timer = setTimeout(() => {
      this.#tell(containerId, false, noFiles);
    }, waitMs);
    const root = `/proc/${pid}/root`;
    const [passwd, group] = await Promise.all([
      this.#file(root, "/etc/passwd"),
      this.#file(root, "/etc/group"),
    ]);
    const maps = {
      uidMap: readProc(`/proc/${pid}/uid_map`) ?? "",
      gidMap: readProc(`/proc/${pid}/gid_map`) ?? "",
    };
    if (passwd instanceof Buffer) {
      this.#tell(containerId, true, { passwd: textOf(passwd), group: textOf(group), ...maps });
    } else await this.readOfImage(containerId);
    clearTimeout(timer);
  }

  /**
   * Tells what the image of a container ships, as soon as the image is known: that is all there is to know when no process
   * shows the container's root any more.
   */
  async readOfImage(containerId: string): Promise<void> {
    const { engine, inventory } = this.#options;
    if (isBuildStep(containerId)) {
      await this.#readOfStep(containerId);
      return;
    }
    const container = inventory.get(containerId);
    if (container?.isComplete !== true) {
      if (this.#awaited.size < containersMax) this.#awaited.add(containerId);
      return;
    }
    const answer = await engine.inspectImage(container.image.id, inspectTimeoutMs);
    const layers = answer.ok ? readImageLayers(answer.value) : [];
    const [passwd, group] = await Promise.all([
      this.#fileOfLayers(layers, "/etc/passwd"),
      this.#fileOfLayers(layers, "/etc/group"),
    ]);
    this.#tell(containerId, false, { passwd: textOf(passwd), group: textOf(group) });
  }

  /** The engine has told of a container, or that it is gone. */
  offer({ id, isComplete, state }: Container): void {
    if ((isComplete || state === "dead") && this.#awaited.delete(id)) void this.readOfImage(id);
  }

  /** Reads a container's users again when that was some time ago: people add users. */
  refresh(container: Container): void {
    const readMs = this.#readMs.get(container.id) ?? -Infinity;
    const ageMs = this.#options.clock.monotonicMs() - readMs;
    if (container.pid === undefined || ageMs < freshMs) return;
    void this.read(container.id, container.pid);
  }

  // Its root is mounted where we see it for as long as it runs.
  async #readOfStep(id: string): Promise<void> {
    const mounts = parseMountinfo(readProc("/proc/self/mountinfo") ?? "");
    const root = mounts.find(({ point }) => point.endsWith(rootOfStep(id)))?.point;
    const layers = root === undefined ? [] : [Buffer.from(root, "latin1").toString()];
    const [passwd, group] = await Promise.all([
      this.#fileOfLayers(layers, "/etc/passwd"),
      this.#fileOfLayers(layers, "/etc/group"),
    ]);
    this.#tell(id, false, { passwd: textOf(passwd), group: textOf(group) });
  }

  // The topmost that has it; what hides it there (a device 0:0, overlayfs.rst) is no regular file.
  async #fileOfLayers(layers: readonly string[], path: string): Promise<Buffer | undefined> {
    for (const layer of layers) {
      const content = await this.#file(layer, path);
      if (typeof content !== "number") return content;
      if (!absent.includes(content)) return undefined;
    }
    return undefined;
  }

  #file(root: string, path: string): Promise<Buffer | number> {
    return this.#options.binding.readInRoot(root, path, bytesMax);
  }

  #forgetGone(): void {
    for (const id of this.#readMs.keys()) {
      if (this.#options.inventory.get(id) === undefined) this.#readMs.delete(id);
    }
  }

  #tell(
    containerId: string,
    isRead: boolean,
    files: Files & { readonly uidMap?: ByteString; readonly gidMap?: ByteString },
  ): void {
    const maps = { uidMap: "", gidMap: "" };
    this.#options.guard.post({ kind: "users", containerId, isRead, ...maps, ...files });
  }
}

// An image without these files has no names: their absence is no fault.
function textOf(content: Buffer | number | undefined): ByteString {
  return content instanceof Buffer ? content.toString("latin1") : "";
}
