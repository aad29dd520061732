// SPDX-License-Identifier: Apache-2.0
import { watch, type FSWatcher } from "node:fs";
import { lstat, readlink, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

/** Directories that are watched; more are looked at now and then only. */
const directoriesMax = 256;
/** As many symbolic links as path_resolution(7) follows. */
const linksMax = 40;

/** Who is told of changes. */
export interface WatchListener {
  /** Something happened in a directory; mostly several times for one change. */
  onChange(): void;
  /** A directory is not watched any more, or could not be watched at all. */
  onError(directory: string, error: unknown): void;
}

/**
 * Watches directories (inotify(7)) until the returned function is called. What happens to files inside is told, and
 * what happens to the directories themselves where their parents are among them.
 */
export function watchDirectories(
  directories: ReadonlySet<string>,
  listener: WatchListener,
): () => void {
  const watchers: FSWatcher[] = [];
  for (const directory of directories) {
    if (watchers.length >= directoriesMax) {
      listener.onError(directory, new Error(`more than ${directoriesMax} directories`));
      break;
    }
    try {
      const watcher = watch(directory, { persistent: false }, () => {
        listener.onChange();
      });
      watcher.on("error", (error) => {
        listener.onError(directory, error);
      });
      watchers.push(watcher);
    } catch (error) {
      listener.onError(directory, error);
    }
  }
  return () => {
    for (const watcher of watchers) watcher.close();
  };
}

/**
 * Directories in which something happens when one of these paths begins to lead elsewhere, or to other content: the
 * directory of each, of every symbolic link on the way to it, and itself where it is one. Of what is not there,
 * the nearest directory that is.
 */
export async function directoriesOf(paths: readonly string[]): Promise<ReadonlySet<string>> {
  const directories = new Set<string>();
  for (const path of paths) await follow(resolve(path), directories);
  return directories;
}

async function follow(path: string, directories: Set<string>): Promise<void> {
  let rest = path.split("/").filter((part) => part !== "");
  let at = "/";
  let links = 0;
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    const next = join(at, part);
    const found = await look(next);
    // Links that lead in a circle: their directories are all there already.
    if (links > linksMax) return;
    if (found === undefined) {
      directories.add(at);
      return;
    }
    if (found.target === undefined) {
      if (rest.length === 0) directories.add(at);
      at = found.isDirectory ? next : dirname(next);
      continue;
    }
    links += 1;
    directories.add(at);
    rest = [
      ...resolve(at, found.target)
        .split("/")
        .filter((name) => name !== ""),
      ...rest,
    ];
    at = "/";
  }
  directories.add(at);
}

async function look(
  path: string,
): Promise<{ readonly isDirectory: boolean; readonly target?: string } | undefined> {
  try {
    const stats = await lstat(path);
    return stats.isSymbolicLink()
      ? { isDirectory: false, target: await readlink(path) }
      : { isDirectory: stats.isDirectory() };
  } catch {
    return undefined;
  }
}

/** What tells one state of these files from another, without reading them. */
export async function fingerprint(paths: readonly string[]): Promise<string> {
  const lines = await Promise.all(
    paths.map(async (path) => {
      try {
        const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
        return [path, dev, ino, size, mtimeNs, ctimeNs].join(" ");
      } catch {
        return `${path} -`;
      }
    }),
  );
  return lines.join("\n");
}
