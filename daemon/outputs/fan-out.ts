// SPDX-License-Identifier: Apache-2.0
import type { Alert } from "../model/alert.ts";
import type { Output, OutputCounters } from "../model/ports.ts";
import { assert } from "../util/assert.ts";
import { comparePlans, type OutputChanges, type OutputPlan } from "./output-plan.ts";
import { createSuccessor } from "./successor.ts";

/** All outputs as one. */
export interface FanOut {
  /** Names of the outputs, in their order. */
  readonly names: readonly string[];
  /** Gives the alert to every output, once. Never blocks. */
  write(alert: Alert): void;
  /**
   * Takes other plans, from the next alert on. Outputs whose settings stay are kept as they are; one with other
   * settings is closed, and its successor gets what comes meanwhile. `drained` resolves when all that left are closed,
   * each within `closeTimeoutMs`.
   */
  replace(
    plans: readonly OutputPlan[],
    closeTimeoutMs: number,
  ): { readonly changes: OutputChanges; readonly drained: Promise<void> };
  /** Asks outputs that write to files to open them anew (SIGUSR1). */
  reopen(): void;
  /** Closes all at the same time, each within `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
  counters(): Readonly<Record<string, OutputCounters>>;
}

/** Builds the outputs of the plans and joins them with those that are never replaced. All names must differ. */
export function createFanOut(plans: readonly OutputPlan[], fixed: readonly Output[] = []): FanOut {
  let planned = plans;
  let outputs = plans.map((plan) => plan.create());
  const leaving = new Set<Promise<void>>();
  const all = (): readonly Output[] => [...outputs, ...fixed];
  const assertNames = (): void => {
    const names = all().map(({ name }) => name);
    assert(
      new Set(names).size === names.length,
      `outputs have different names: ${names.join(", ")}`,
    );
  };
  assertNames();

  function leave(work: Promise<void>): Promise<void> {
    const tracked = work.finally(() => leaving.delete(tracked));
    leaving.add(tracked);
    return tracked;
  }

  return {
    get names() {
      return all().map(({ name }) => name);
    },
    write(alert) {
      for (const output of outputs) output.write(alert);
      for (const output of fixed) output.write(alert);
    },
    replace(next, closeTimeoutMs) {
      const changes = comparePlans(planned, next);
      const now = new Map(outputs.map((output) => [output.name, output]));
      const closing: Promise<void>[] = [];
      const close = (output: Output): Promise<void> => leave(output.close(closeTimeoutMs));
      outputs = next.map((plan) => {
        const before = now.get(plan.name);
        if (before === undefined) return plan.create();
        if (changes.kept.includes(plan.name)) return before;
        const closed = close(before);
        closing.push(closed);
        return createSuccessor({ plan, before, closed });
      });
      for (const name of changes.removed) {
        const output = now.get(name);
        if (output !== undefined) closing.push(close(output));
      }
      planned = next;
      assertNames();
      return { changes, drained: Promise.all(closing).then(() => undefined) };
    },
    reopen() {
      for (const output of all()) output.reopen?.();
    },
    async close(timeoutMs) {
      await Promise.all([...all().map((output) => output.close(timeoutMs)), ...leaving]);
    },
    counters: () => Object.fromEntries(all().map((output) => [output.name, output.counters()])),
  };
}
