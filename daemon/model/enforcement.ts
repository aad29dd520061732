// SPDX-License-Identifier: Apache-2.0

/** Whether policies are enforced at the moment. */
export interface Enforcement {
  readonly isPaused: boolean;
  /** Who paused it, until when (milliseconds since the epoch) and why; absent while it is not paused. */
  readonly by?: string;
  readonly untilMs?: number;
  readonly reason?: string;
}
