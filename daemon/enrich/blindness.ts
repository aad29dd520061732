// SPDX-License-Identifier: Apache-2.0

/** A time in which the engine may have told something that was not heard; nanoseconds since the epoch. */
export interface BlindPeriod {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

/** What happened before the cut and was still on its way may have been lost with it. */
const slackNs = 1_000_000_000n;

/**
 * Finds out after a new connection whether the engine's own memory of events (256 in all, none of a former run)
 * reaches back to the last event that was heard. It does exactly when the first event that comes is a known one,
 * since the new connection asks from before the last one on.
 */
export class Blindness {
  #cutNs: bigint | undefined;
  #connectedNs: bigint | undefined;

  /** The connection ended. */
  cut(nowNs: bigint): void {
    this.#cutNs ??= nowNs - slackNs;
    this.#connectedNs = undefined;
  }

  /** There is a new connection; true when it has yet to show whether something was lost. */
  connected(nowNs: bigint): boolean {
    if (this.#cutNs !== undefined) this.#connectedNs = nowNs;
    return this.#cutNs !== undefined;
  }

  /** The first event of the new connection; what it tells of the time before, once. */
  heard(event: { readonly isKnown: boolean; readonly timeNs: bigint }): BlindPeriod | undefined {
    const { isKnown, timeNs } = event;
    const period = this.#end(timeNs);
    return isKnown ? undefined : period;
  }

  /** Nothing has come although the last known event was asked for: the engine has forgotten it. */
  silent(): BlindPeriod | undefined {
    return this.#end(undefined);
  }

  #end(firstNs: bigint | undefined): BlindPeriod | undefined {
    const fromNs = this.#cutNs;
    const toNs = this.#connectedNs;
    if (fromNs === undefined || toNs === undefined) return undefined;
    this.#cutNs = undefined;
    this.#connectedNs = undefined;
    const isEarlier = firstNs !== undefined && firstNs < toNs && firstNs > fromNs;
    return { fromNs, toNs: isEarlier ? firstNs : toNs };
  }
}
