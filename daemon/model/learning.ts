// SPDX-License-Identifier: Apache-2.0

/** One program that ran in the containers that are watched. */
export interface LearnedProgram {
  /** The entry of `programs` that allows it; absent where none can. */
  readonly entry?: string;
  /** Why none can: it lay in memory, a loader ran it, its bytes were not known, or which applet it was. */
  readonly whyNot?: "memory" | "loader" | "unknown" | "applet";
  /** Where it was run from, the first time. */
  readonly path: string;
  /** 64 hex digits, where known. */
  readonly sha256?: string;
  /** It lies where the image ships it, with the same bytes. */
  readonly isUnchanged: boolean;
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** What has been seen so far. */
export interface LearnProgress {
  readonly containers: number;
  readonly execs: number;
  readonly programs: number;
  /** Execs of further programs that there was no room for. */
  readonly notKept: number;
}

/** What was seen, in the order of first sight. */
export interface Learned extends LearnProgress {
  /** Ids of the images whose containers ran, as far as there are few. */
  readonly images: readonly string[];
  readonly learned: readonly LearnedProgram[];
}

/** What is asked about: one run of `allowlist learn`. */
export interface LearnSession {
  readonly session: number;
  /** As it was given. */
  readonly image: string;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** The answer to who asks how far it is; with `learned` once it is over. */
export type LearnReport = LearnSession & LearnProgress & Partial<Learned>;
