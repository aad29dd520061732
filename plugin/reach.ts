// SPDX-License-Identifier: Apache-2.0
import { dirname } from "node:path";

/** What of the host's files is asked. Never throws; undefined where there is nothing. */
export interface HostFiles {
  /** The path with all links followed. */
  realPath(path: string): Promise<string | undefined>;
  /** Device and inode as one text. */
  identity(path: string): Promise<string | undefined>;
}

/** One place of the host that no container should have without a reason. */
export interface SensitivePlace {
  /** What rules call it. */
  readonly name: string;
  readonly paths: readonly string[];
}

/** Places of every host; the engine's data root and socket come from its own answers. */
export function sensitivePlaces(engine: {
  readonly dataRoot?: string | undefined;
  readonly socket?: string | undefined;
}): readonly SensitivePlace[] {
  const { dataRoot, socket } = engine;
  return [
    { name: "root", paths: ["/"] },
    {
      name: "engine-socket",
      paths: [
        ...["/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock"],
        ...["/run/docker/containerd/containerd.sock", "/run/crio/crio.sock", "/run/podman"],
        ...(socket === undefined ? [] : [socket]),
      ],
    },
    {
      name: "engine-data",
      paths: [
        ...["/var/lib/docker", "/var/lib/containerd", "/run/docker", "/etc/docker"],
        ...(dataRoot === undefined ? [] : [dataRoot]),
      ],
    },
    {
      name: "guard",
      paths: ["/etc/execwarden", "/run/execwarden", "/var/lib/execwarden", "/run/docker/plugins"],
    },
    { name: "etc", paths: ["/etc"] },
    { name: "proc", paths: ["/proc"] },
    { name: "sys", paths: ["/sys"] },
    { name: "dev", paths: ["/dev"] },
    { name: "boot", paths: ["/boot"] },
    { name: "usr", paths: ["/usr", "/bin", "/sbin", "/lib"] },
    { name: "systemd", paths: ["/run/systemd", "/etc/systemd", "/lib/systemd"] },
    { name: "cron", paths: ["/var/spool/cron", "/etc/cron.d", "/etc/crontab"] },
    { name: "root-home", paths: ["/root"] },
    { name: "home", paths: ["/home"] },
  ];
}

const levelsMax = 64;

/**
 * Where a host path really leads, and which sensitive places it gives away: those that it is, lies in or holds. Links
 * are followed, and every directory above is compared by inode, so that a bind mount does not hide one.
 */
export async function lookAtPath(
  path: string,
  places: readonly SensitivePlace[],
  files: HostFiles,
): Promise<{ readonly path: string; readonly reaches: readonly string[] }> {
  const real = await followLinks(path, files);
  const above = [real];
  while (above.length < levelsMax && above.at(-1) !== "/") above.push(dirname(above.at(-1) ?? "/"));
  const identities = new Set(
    (await Promise.all(above.map((one) => files.identity(one)))).filter((one) => one !== undefined),
  );
  const own = await files.identity(real);
  const reaches = await Promise.all(
    places.map(async ({ name, paths }) => {
      const meets = await Promise.all(
        paths.map(async (place) => {
          const target = (await files.realPath(place)) ?? place;
          const identity = await files.identity(place);
          // Everything lies in the root: only the root itself gives it away.
          if (name === "root") return real === "/" || (own !== undefined && own === identity);
          return (
            isWithin(real, target) ||
            isWithin(target, real) ||
            (identity !== undefined && identities.has(identity))
          );
        }),
      );
      return meets.some(Boolean) ? [name] : [];
    }),
  );
  return { path: real, reaches: reaches.flat() };
}

/** The real path of what is there of it, and the rest as it is: the engine makes what is missing. */
async function followLinks(path: string, files: HostFiles): Promise<string> {
  let rest = "";
  for (let at = path, level = 0; level < levelsMax; at = dirname(at), level += 1) {
    const real = await files.realPath(at);
    if (real !== undefined) return `${real === "/" ? "" : real}${rest}` || "/";
    rest = `/${at.slice(at.lastIndexOf("/") + 1)}${rest}`;
    if (at === "/" || at === ".") break;
  }
  return path;
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}
