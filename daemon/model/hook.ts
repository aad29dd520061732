// SPDX-License-Identifier: Apache-2.0
import type { Result } from "../util/result.ts";
import type { HookAction, HookEnd } from "./alert.ts";

/** One run of a hook. */
export interface HookRequest {
  readonly action: HookAction;
  /** Variables besides PATH, HOME, USER and LANG. */
  readonly environment: Readonly<Record<string, string>>;
  readonly standardInput: string;
}

/** What became of a hook. */
export interface HookResult {
  readonly end: HookEnd;
  /** Its time was over, and it was told to end (SIGTERM), or killed. */
  readonly isTimedOut: boolean;
}

/** Runs a program of the operator's; an error when it could not be started. Never rejects. */
export type RunHook = (request: HookRequest) => Promise<Result<HookResult>>;
