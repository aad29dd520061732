// SPDX-License-Identifier: Apache-2.0
import type { Container } from "./container.ts";
import type { ExecutedFile, Process } from "./process.ts";

/** Facts of the host that do not change while the daemon runs. */
export interface Host {
  readonly hostname: string;
  readonly machineId: string;
  /** `uname -r`. */
  readonly kernel: string;
  readonly bootId: string;
}

/** Where something happens: what scopes are judged over, and the part of every event that fields read it from. */
export interface Place {
  readonly host: Host;
  readonly container?: Container;
  /** Names of the allowlists (`allowlist.yaml`) that the container is on. */
  readonly allowlists: ReadonlySet<string>;
}

/** One exec in one container: the subject of every rule. */
export interface ExecEvent extends Place {
  readonly kind: "exec";
  /** Running number within this daemon's life, from 1. */
  readonly number: number;
  /** When the kernel asked, nanoseconds since the epoch. */
  readonly timeNs: bigint;
  readonly syscall: "execve" | "execveat";
  /** The thread that called. */
  readonly tid: number;
  readonly process: Process;
  /** The file that was opened: a script when `interpreter` is there, the program otherwise. */
  readonly file: ExecutedFile;
  /** The interpreter that the kernel opened for a `#!` script. */
  readonly interpreter?: ExecutedFile;
  /** True when the exec waits in the kernel for a decision. */
  readonly isHeld: boolean;
  /** False when argv could not be read while the exec was held: argv-based fields then have no value. */
  readonly isArgvKnown: boolean;
}
