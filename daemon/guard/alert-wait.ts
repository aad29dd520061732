// SPDX-License-Identifier: Apache-2.0

/** An exec that runs already only delays its alert, and no alert lacks what the engine knows. */
const observedWaitMs = 10_000;
/**
 * How long after the daemon's start alerts wait for an engine that has not answered yet: at a boot, containers with a
 * restart policy run before its API is up.
 */
const engineWaitMs = 60_000;
/** Containers of other engines, which nobody will tell of. */
const foreignMax = 1_024;

/** Says how long alerts wait for what the engine has to tell of their containers. Times are monotonic milliseconds. */
export class AlertWait {
  readonly #engineUntilMs: number;
  readonly #foreign = new Set<string>();
  #answeredMs: number | undefined;

  constructor(startMs: number) {
    this.#engineUntilMs = startMs + engineWaitMs;
  }

  /** The engine has told all that it runs. */
  engineAnswered(nowMs: number): void {
    this.#answeredMs ??= nowMs;
  }

  /** Whether the engine's first answer since the start is still waited for. */
  isEngineAwaited(nowMs: number): boolean {
    return this.#answeredMs === undefined && nowMs < this.#engineUntilMs;
  }

  /** Nobody has told of this container in all the time there was. */
  setForeign(containerId: string): void {
    if (this.#foreign.size < foreignMax) this.#foreign.add(containerId);
  }

  /** Until when the alert of an exec may wait: longer where the engine had yet to answer when it happened. */
  untilMs(execMs: number, containerId: string | undefined): number {
    if (containerId !== undefined && this.#foreign.has(containerId)) return execMs;
    const untilMs = execMs + observedWaitMs;
    // Counted from the answer on, which says nothing of inspect and users' names yet.
    if (this.#answeredMs !== undefined && execMs < this.#answeredMs) {
      return Math.min(this.#engineUntilMs, this.#answeredMs) + observedWaitMs;
    }
    return this.#answeredMs === undefined ? Math.max(untilMs, this.#engineUntilMs) : untilMs;
  }
}
