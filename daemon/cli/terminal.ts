// cli: the words a person types. Comes in: arguments and a terminal. Goes out: text or JSON, and an exit code.
// Must not know: process, environment or exit (main.ts hands in what is needed); how the daemon works inside.
// SPDX-License-Identifier: Apache-2.0

/** Where commands write, and what they know of who reads. */
export interface Terminal {
  /** Resolves when there is room for more. Never rejects: a reader that went away aborts `interrupted`. */
  writeOut(text: string): Promise<void>;
  writeError(text: string): Promise<void>;
  /** True when a person sees standard output. */
  readonly isTerminal: boolean;
  /** True when a person sees standard error. */
  readonly isErrorTerminal: boolean;
  readonly hasColor: boolean;
  /** Aborted on Ctrl-C, SIGTERM, or when nobody reads standard output any more. */
  readonly interrupted: AbortSignal;
}
