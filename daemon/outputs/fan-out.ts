// SPDX-License-Identifier: Apache-2.0
import type { Alert } from "../model/alert.ts";
import type { Output, OutputCounters } from "../model/ports.ts";
import { assert } from "../util/assert.ts";

/** All outputs as one. */
export interface FanOut {
  /** Names of the outputs, in their order. */
  readonly names: readonly string[];
  /** Gives the alert to every output, once. Never blocks. */
  write(alert: Alert): void;
  /** Closes all at the same time, each within `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
  counters(): Readonly<Record<string, OutputCounters>>;
}

/** Joins outputs; their names must differ. */
export function createFanOut(outputs: readonly Output[]): FanOut {
  const names = outputs.map(({ name }) => name);
  assert(new Set(names).size === names.length, `outputs have different names: ${names.join(", ")}`);
  return {
    names,
    write(alert) {
      for (const output of outputs) output.write(alert);
    },
    async close(timeoutMs) {
      await Promise.all(outputs.map((output) => output.close(timeoutMs)));
    },
    counters: () => Object.fromEntries(outputs.map((output) => [output.name, output.counters()])),
  };
}
