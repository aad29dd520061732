// SPDX-License-Identifier: Apache-2.0
import type { Output } from "../model/ports.ts";
import { jsonText } from "../util/json-text.ts";

/** One output as it is wanted: what it is built from, and how. */
export interface OutputPlan {
  readonly name: string;
  /** Everything it is built from, as plain data: equal settings make equal outputs. May hold secrets: never print it. */
  readonly settings: unknown;
  /** Builds it. Opens nothing that could fail: an output copes with a world that is not as it should be. */
  create(): Output;
}

/** What becomes of each output, by name, when one list of plans takes the place of another. */
export interface OutputChanges {
  readonly kept: readonly string[];
  /** Same name, other settings. */
  readonly changed: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** Compares plans by name and settings. */
export function comparePlans(
  old: readonly OutputPlan[],
  next: readonly OutputPlan[],
): OutputChanges {
  const before = new Map(old.map(({ name, settings }) => [name, settings]));
  const names = next.map(({ name }) => name);
  const same = new Set(
    next
      .filter(({ name, settings }) => before.has(name) && isEqual(before.get(name), settings))
      .map(({ name }) => name),
  );
  return {
    kept: names.filter((name) => same.has(name)),
    changed: names.filter((name) => before.has(name) && !same.has(name)),
    added: names.filter((name) => !before.has(name)),
    removed: old.map(({ name }) => name).filter((name) => !names.includes(name)),
  };
}

/** Both are built by the same code from a configuration, so that their keys have one order. */
function isEqual(one: unknown, other: unknown): boolean {
  return jsonText(one) === jsonText(other);
}
