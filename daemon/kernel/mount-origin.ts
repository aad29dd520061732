// SPDX-License-Identifier: Apache-2.0
import type { JudgedMount, MountOrigin } from "../model/mount-origin.ts";
import type { ByteString } from "../util/byte-string.ts";
import { toByteString } from "../util/byte-string.ts";
import { deviceText } from "./gate.ts";
import type { Mount } from "./mountinfo.ts";

/**
 * What a path without links shows, by the mounts of whoever looks. Mounts are followed from the root down, as the kernel
 * does it: what is hidden below another one does not count. Undefined where the table has no root.
 */
export function originOf(path: ByteString, table: readonly Mount[]): MountOrigin | undefined {
  let mount = table.find(({ point }) => point === "/");
  for (let depth = 0; mount !== undefined && depth < depthMax; depth += 1) {
    const { id } = mount;
    const next = table
      .filter((one) => one.parent === id && one.id !== id && isWithin(path, one.point))
      .reduce<Mount | undefined>((nearest, one) => nearerOf(nearest, one), undefined);
    if (next === undefined) break;
    mount = next;
  }
  if (mount === undefined) return undefined;
  const rest = mount.point === "/" ? path : path.slice(mount.point.length);
  return { device: mount.device, root: joined(mount.root, rest) };
}

/** A mount below a mount below a mount …: more than any host has. */
const depthMax = 256;

/** Paths that show it, by the mounts of whoever looks, the shortest first. */
export function pathsOf(origin: MountOrigin, table: readonly Mount[]): readonly ByteString[] {
  const paths = table.flatMap((mount) => {
    if (mount.device !== origin.device || !isWithin(origin.root, mount.root)) return [];
    const rest = mount.root === "/" ? origin.root : origin.root.slice(mount.root.length);
    return [joined(mount.point, rest)];
  });
  return paths.toSorted((a, b) => a.length - b.length);
}

/** A place that was judged and is not what is mounted. */
interface OtherMount {
  readonly judged: JudgedMount;
  /** What is mounted there; absent where nothing is. */
  readonly found?: MountOrigin;
}

/**
 * Which places a container has otherwise than they were judged, by its own table of mounts. What lies below a judged
 * place was judged with it. A destination that is no mount point may lead elsewhere by a link of the image: one mount of
 * what was judged, wherever it is, stands for it then.
 */
export function otherMounts(
  judged: readonly JudgedMount[],
  table: readonly Mount[],
): readonly OtherMount[] {
  const free = new Set(table);
  const use = (fits: (mount: Mount) => boolean): boolean => {
    const found = [...free].find(fits);
    return found !== undefined && free.delete(found);
  };
  const known = judged.filter(({ origins }) => origins.length > 0);
  const missing = known.filter((one) => {
    const point = toByteString(one.destination);
    return !use((mount) => mount.point === point && shows(mount, one));
  });
  return missing.flatMap((one): readonly OtherMount[] => {
    const there = table.findLast(({ point }) => point === toByteString(one.destination));
    if (there !== undefined) return [{ judged: one, found: originIn(there) }];
    return use((mount) => shows(mount, one)) ? [] : [{ judged: one }];
  });
}

/** For people, where no path of the host shows it. */
export function originText({ device, root }: MountOrigin): ByteString {
  return `${deviceText(device)}:${root}`;
}

export function originIn({ device, root }: Mount): MountOrigin {
  // The kernel says so of what has been removed since.
  return { device, root: root.replace(/\/\/deleted$/, "") };
}

function shows(mount: Mount, { origins }: JudgedMount): boolean {
  const { device, root } = originIn(mount);
  return origins.some((one) => one.device === device && isWithin(root, one.root));
}

function nearerOf(nearest: Mount | undefined, one: Mount): Mount {
  return nearest === undefined || one.point.length < nearest.point.length ? one : nearest;
}

function isWithin(path: ByteString, directory: ByteString): boolean {
  return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}

function joined(directory: ByteString, rest: ByteString): ByteString {
  if (rest === "" || rest === "/") return directory;
  return directory === "/" ? rest : `${directory}${rest}`;
}
