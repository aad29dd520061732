// Makes the list of one image: from its layers where they are to be found, else from the root of a container of it.
// SPDX-License-Identifier: Apache-2.0
import { fitting, readImageLayers } from "./enrich/image-layers.ts";
import { contentSizeMax } from "./guard/contents.ts";
import type { Binding } from "./kernel/binding.ts";
import { parseMountinfo } from "./kernel/mountinfo.ts";
import { lowerLayersOf } from "./kernel/overlay-layers.ts";
import type { Container } from "./model/container.ts";
import type { ImageFile } from "./model/guard-messages.ts";
import type { ContainerEngine } from "./model/ports.ts";
import type { ListSkips } from "./model/status.ts";
import { toByteString, type ByteString } from "./util/byte-string.ts";

/** What lists are made with. */
export interface ImageListerOptions {
  readonly binding: Pick<Binding, "listExecutables">;
  readonly engine: Pick<ContainerEngine, "inspectImage">;
  /** What is known of a container by now. */
  readonly container: (id: string) => Container | undefined;
  /** The mount table of this process; undefined when it cannot be read. */
  readonly readMountinfo: () => ByteString | undefined;
  readonly limits?: Partial<typeof listLimits>;
}

/** What an image ships, as far as it is listed. */
export interface ImageList {
  readonly files: readonly ImageFile[];
  readonly skipped: ListSkips;
  /** The layers could not be had: what that container changed before is not on the list. */
  readonly isFromContainer: boolean;
}

/** Makes a list, unless there is nothing yet to make it from (`early`), or nothing any more (`gone`). Never rejects. */
export type ImageLister = (container: Container) => Promise<ImageList | "early" | "gone">;

/** Bounds of one list. */
export const listLimits = {
  filesMax: 8_192,
  entriesMax: 300_000,
  sizeMax: contentSizeMax,
  bytesMax: 2 ** 31,
  timeMaxMs: 60_000,
};

/** In the order in which the addon counts them (executables.h, Skip). */
const listSkips = [
  ...["tooLarge", "beyondBytes", "tooDeep", "unreadable"],
  ...["beyondFiles", "beyondEntries", "timeUp"],
] as const satisfies readonly (keyof ListSkips)[];

const inspectTimeoutMs = 5_000;

/** Creates a lister. One list at a time: each takes a thread. */
export function createImageLister(options: ImageListerOptions): ImageLister {
  const list = (layers: readonly ByteString[]): Promise<readonly unknown[]> => {
    const { filesMax, entriesMax, sizeMax, bytesMax, timeMaxMs } = {
      ...listLimits,
      ...options.limits,
    };
    const paths = layers.map((path) => Buffer.from(path, "latin1"));
    return new Promise((resolve) => {
      options.binding.listExecutables(
        ...([paths, filesMax, entriesMax, sizeMax, bytesMax, timeMaxMs] as const),
        resolve,
      );
    });
  };
  return async (offered) => {
    const layers = await engineLayers(options, offered);
    // More may be known of it by now.
    const container = options.container(offered.id) ?? offered;
    for (const found of [layers, mountLayers(options, container)]) {
      if (found.length === 0) continue;
      const values = await list(found);
      // Another machine's, or gone meanwhile.
      if (values[0] === 0) return { ...readList(values), isFromContainer: false };
    }
    const { pid, createdNs } = container;
    if (pid === undefined || pid <= 0 || createdNs === undefined) return "early";
    const values = await list([`/proc/${pid}/root`]);
    if (values[0] !== 0) return "gone";
    const { files, skipped } = readList(values);
    // What the container wrote meanwhile is newer.
    const older = files.filter(({ ctimeNs }) => ctimeNs < createdNs);
    return { files: older, skipped, isFromContainer: true };
  };
}

async function engineLayers(
  { engine }: ImageListerOptions,
  { image }: Container,
): Promise<readonly ByteString[]> {
  const answer = await engine.inspectImage(image.id, inspectTimeoutMs);
  return answer.ok ? readImageLayers(answer.value).map(toByteString) : [];
}

// In this process's own table, which no container can change.
function mountLayers(
  { readMountinfo }: ImageListerOptions,
  { id, rootDirectory }: Container,
): readonly ByteString[] {
  const root = rootDirectory === undefined ? undefined : toByteString(rootDirectory);
  const mount = parseMountinfo(readMountinfo() ?? "").find(
    ({ type, point }) => type === "overlay" && (point === root || point.includes(`/${id}`)),
  );
  return mount === undefined ? [] : fitting(lowerLayersOf(mount));
}

// Behind errno and the counts come rows of path, size, ctime and digest.
function readList(values: readonly unknown[]): Omit<ImageList, "isFromContainer"> {
  const counts = listSkips.map((name, index) => [name, Number(values[index + 1] ?? 0)] as const);
  const files: ImageFile[] = [];
  for (let at = 1 + listSkips.length; at + 3 < values.length; at += 4) {
    const [path, size, ctimeNs, digest] = values.slice(at, at + 4);
    if (!(path instanceof Buffer) || !(digest instanceof Buffer)) continue;
    if (typeof size !== "number" || typeof ctimeNs !== "bigint") continue;
    files.push({ path: path.toString("latin1"), size, ctimeNs, sha256: digest.toString("hex") });
  }
  return { files, skipped: { ...noSkips, ...Object.fromEntries(counts) } };
}

/** Nothing was left out. */
export const noSkips: ListSkips = {
  ...{ tooLarge: 0, beyondBytes: 0, tooDeep: 0, unreadable: 0 },
  ...{ beyondFiles: 0, beyondEntries: 0, timeUp: 0 },
};
