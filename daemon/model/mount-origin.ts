// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";

/** What a mount shows: a file system, and the directory or file of it (proc(5), mountinfo). */
export interface MountOrigin {
  /** Number of the file system as mountinfo has it, major << 20 | minor. */
  readonly device: number;
  readonly root: ByteString;
}

/** A place of the host that a start was judged with. */
export interface JudgedMount {
  /** Where the container is to have it. */
  readonly destination: string;
  /** The host path, links followed. */
  readonly path: string;
  /** What is there; several where not all processes of the host see the same. Empty where that could not be seen. */
  readonly origins: readonly MountOrigin[];
}

/** A place of the host that a container has, and that nobody judged. */
export interface UnjudgedMount {
  readonly destination: string;
  /** The host path that was judged in its place; absent where nothing was. */
  readonly judged?: string;
  /** The host path that is mounted, `MAJOR:MINOR:ROOT` where no path of the host shows it, empty where nothing is. */
  readonly found: string;
  /** What of the host it gives away, by path. */
  readonly reaches: readonly string[];
}
