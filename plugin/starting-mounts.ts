// SPDX-License-Identifier: Apache-2.0
import type { Container, ContainerMount } from "../daemon/model/container.ts";
import type { RequestedBind } from "../daemon/model/docker-request.ts";
import type { JudgedMount } from "../daemon/model/mount-origin.ts";
import { memberOf } from "../daemon/util/unknown-value.ts";
import { lookAtPath, type HostFiles, type SensitivePlace } from "./reach.ts";
import { hostPathsOf } from "./volume-options.ts";

/** A container's mount as a request asks for it. */
export function bindOfMount({ source, destination, isReadWrite }: ContainerMount): RequestedBind {
  return { source, path: source, destination, isReadOnly: !isReadWrite, reaches: [] };
}

/** What is asked about the mounts of a container that is to be started. */
export interface MountSurroundings {
  /** `GET /volumes/{name}`. */
  volume(name: string): Promise<unknown>;
  places(): readonly SensitivePlace[];
  readonly files: HostFiles;
  /** What each of these paths shows now. */
  origins(paths: readonly string[]): readonly JudgedMount["origins"][];
}

/** A container's mounts of the host's places, as they are now. */
export interface StartingMounts {
  /** Those that lead, by a link or a mount, to sensitive places that their own paths do not name. */
  readonly news: readonly RequestedBind[];
  /** All of them, for whoever compares. */
  readonly judged: readonly JudgedMount[];
}

/** Paths as they are written. */
const noLinks: HostFiles = {
  realPath: (path) => Promise.resolve(path),
  identity: () => Promise.resolve(undefined),
};

/**
 * Looks at the mounts of a container that is to be started: the engine follows links at the start, where they may lead
 * elsewhere than when the container was made. What the paths name was judged then.
 */
export async function lookAtMounts(
  container: Container | undefined,
  around: MountSurroundings,
): Promise<StartingMounts> {
  const places = around.places();
  const binds = await Promise.all((container?.mounts ?? []).map((one) => bindsOf(one, around)));
  const looked = await Promise.all(
    binds.flat().map(async ({ bind, isBind }) => {
      const named = await lookAtPath(bind.path, places, noLinks);
      const now = await lookAtPath(bind.path, places, around.files);
      const isNews = now.reaches.some((place) => !named.reaches.includes(place));
      return { bind: { ...bind, ...now }, isNews, isBind };
    }),
  );
  const bound = looked.filter(({ isBind }) => isBind).map(({ bind }) => bind);
  const origins = bound.length === 0 ? [] : around.origins(bound.map(({ path }) => path));
  return {
    news: looked.filter(({ isNews }) => isNews).map(({ bind }) => bind),
    judged: bound.map(({ destination, path }, index) => ({
      ...{ destination, path },
      origins: origins[index] ?? [],
    })),
  };
}

/** `isBind`: it is the place itself that is mounted, and not a file system that it says something of. */
interface HostBind {
  readonly bind: RequestedBind;
  readonly isBind: boolean;
}

async function bindsOf(
  mount: ContainerMount,
  around: Pick<MountSurroundings, "volume">,
): Promise<readonly HostBind[]> {
  const bind = bindOfMount(mount);
  if (mount.type === "bind") return [{ bind, isBind: true }];
  if (mount.type !== "volume" || mount.volume === undefined) return [];
  const options = optionsOf(await around.volume(mount.volume));
  const paths = hostPathsOf(options);
  const isBind = paths.length === 1 && (options["o"] ?? "").split(",").some(isBinding);
  return paths.map((path) => ({ bind: { ...bind, source: mount.volume ?? "", path }, isBind }));
}

function isBinding(word: string): boolean {
  return word.trim() === "bind" || word.trim() === "rbind";
}

/** Options of a volume, as the engine tells of it. */
export function optionsOf(volume: unknown): Readonly<Record<string, string>> {
  const value = memberOf(volume, "Options");
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, text]: [string, unknown]) =>
      typeof text === "string" ? [[key, text]] : [],
    ),
  );
}
