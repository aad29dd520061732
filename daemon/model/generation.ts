// SPDX-License-Identifier: Apache-2.0

/** The rules, policies, allowlists and settings in force; the first one is numbered 1. */
export interface GenerationInfo {
  readonly number: number;
  /** When it was put in force, milliseconds since the epoch. */
  readonly sinceMs: number;
}

/** Something wrong with a file, as `--json` prints it. */
export interface ReloadFault {
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly message: string;
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  readonly column?: number;
}

/** What came of one reload. */
export interface ReloadReport {
  /** `refused`: something is wrong, and the generation before is still in force. */
  readonly result: "done" | "refused";
  /** The generation in force after it. */
  readonly generation: number;
  /** When it ended, milliseconds since the epoch. */
  readonly atMs: number;
  /** Who asked: `SIGHUP`, `a file changed`, or a user. */
  readonly by: string;
  readonly tookMs: number;
  /** The longest time that a held exec could have waited for the reload, milliseconds. */
  readonly longestSliceMs: number;
  /** Settings that changed and hold now; rule, policy and allowlist files are always read anew. */
  readonly changed: readonly string[];
  /** Settings that changed and take a restart: the old values still hold. */
  readonly needsRestart: readonly string[];
  /** Everything that is wrong or doubtful in the files. */
  readonly faults: readonly ReloadFault[];
  /** The same for people, with the lines concerned. */
  readonly text: string;
  /** Why it was refused, when no file is to blame. */
  readonly reason?: string;
}
