// SPDX-License-Identifier: Apache-2.0

/** Calls that are remembered; the oldest give way. */
const callsMax = 4_096;
const nothing: ReadonlySet<string> = new Set();

/** Which rules have spoken for the call that a thread makes, so that its loader or interpreter does not repeat them. */
export class ToldRules {
  readonly #told = new Map<number, ReadonlySet<string>>();

  /** Takes what matched an event of a call, and returns what had not matched the call before. */
  fresh<R extends { readonly name: string }>(
    tid: number,
    isFirstOfCall: boolean,
    rules: readonly R[],
  ): readonly R[] {
    const told = isFirstOfCall ? undefined : this.#told.get(tid);
    if (isFirstOfCall) this.#told.delete(tid);
    const fresh = told === undefined ? rules : rules.filter((rule) => !told.has(rule.name));
    if (fresh.length > 0) {
      this.#told.set(tid, new Set([...(told ?? []), ...fresh.map((rule) => rule.name)]));
      const oldest = this.#told.keys().next();
      if (this.#told.size > callsMax && oldest.done !== true) this.#told.delete(oldest.value);
    }
    return fresh;
  }

  /** Rules that have spoken for the call that this thread made last. */
  of(tid: number): ReadonlySet<string> {
    return this.#told.get(tid) ?? nothing;
  }
}
