// What the control of containers needs of dockerode, so that it can be looked at without it.
// SPDX-License-Identifier: Apache-2.0
import type { RuntimeFailure } from "../model/ports.ts";
import type { Result } from "../util/result.ts";

/** Ends a call that took too long. */
export interface Abortable {
  readonly abortSignal: AbortSignal;
}

/** The part of a dockerode container that control needs. */
export interface ControlledContainer {
  pause(options: Abortable): Promise<unknown>;
  unpause(options: Abortable): Promise<unknown>;
  stop(options: Abortable & { readonly t: number }): Promise<unknown>;
  restart(options: Abortable & { readonly t: number }): Promise<unknown>;
  kill(options: Abortable & { readonly signal: string }): Promise<unknown>;
  inspect(options: Abortable): Promise<unknown>;
}

/** How a call to the engine is made: bounded in time, failures as results. */
export type CallEngine = <T>(
  call: { readonly what: string; readonly timeoutMs: number },
  run: (abortSignal: AbortSignal) => Promise<T>,
) => Promise<Result<T, RuntimeFailure>>;

/** What of the engine's client the calls are made with. */
export interface ControlledEngine {
  readonly container: (id: string) => ControlledContainer;
  readonly network: (name: string) => ControlledNetwork;
  readonly call: CallEngine;
}

/** The part of a dockerode network that control needs. */
export interface ControlledNetwork {
  disconnect(options: {
    readonly abortSignal: AbortSignal;
    readonly Container: string;
    readonly Force: boolean;
  }): Promise<unknown>;
  connect(options: {
    readonly abortSignal: AbortSignal;
    readonly Container: string;
    readonly EndpointConfig: Readonly<Record<string, unknown>>;
  }): Promise<unknown>;
}
