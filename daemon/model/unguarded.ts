// SPDX-License-Identifier: Apache-2.0
import type { ExecutedFile, Process } from "./process.ts";

/** A program that a container started while no daemon guarded, and that still ran when one did. Plain data. */
export interface UnguardedProgram {
  /** As /proc tells of it: without its environment and its parent. */
  readonly process: Process;
  /** Containers that its control group names, the outermost first. */
  readonly cgroupIds: readonly string[];
  readonly file: ExecutedFile;
  /** Of a file that no image ships as it is, 64 hex digits; absent where it could not be read. */
  readonly sha256?: string;
}

/** What the first look at processes found. */
export interface UnguardedScan {
  /** Programs of containers that were started then. */
  readonly found: number;
  /** Copies of a process from before, which started no program. */
  readonly forks: number;
  /** Processes that ended, or could not be read, while they were looked at. */
  readonly unreadable: number;
  /** Processes beyond the bound: not looked at. */
  readonly beyond: number;
}

/** What became of what was found. */
export interface UnguardedCounters {
  readonly judged: number;
  /** The gate has seen an exec of it meanwhile, and judged that. */
  readonly seen: number;
  /** Of no container that the engine told of in time. */
  readonly unowned: number;
  readonly waiting: number;
}
