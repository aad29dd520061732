// SPDX-License-Identifier: Apache-2.0
import { placeKey, type Diagnostic, type Note } from "../text/diagnostic.ts";
import type { Named } from "./definition.ts";

/** Rules that are named at a fault that several of them share; the others are counted. */
const rulesNamedMax = 3;

/** Which rules a fault was found in. */
export type FaultOwners = ReadonlyMap<Diagnostic, readonly Named[]>;

/**
 * Faults of macros and lists are told once, with the rules that they were found in: whoever mends them wants to know
 * where they count.
 */
export function tellOnce(
  diagnostics: readonly Diagnostic[],
  owners: FaultOwners,
): readonly Diagnostic[] {
  const rules = new Map<string, Map<string, Named>>();
  for (const diagnostic of diagnostics) {
    const key = placeKey(diagnostic);
    const known = rules.get(key) ?? new Map<string, Named>();
    for (const name of owners.get(diagnostic) ?? []) known.set(name.value, name);
    rules.set(key, known);
  }
  return diagnostics.flatMap((diagnostic) => {
    const key = placeKey(diagnostic);
    const found = rules.get(key);
    rules.delete(key);
    if (found === undefined) return [];
    // What has no notes stands in the rule itself.
    if (diagnostic.notes.length === 0) return [diagnostic];
    return [{ ...diagnostic, notes: [...diagnostic.notes, ...notesOf([...found.values()])] }];
  });
}

function notesOf(rules: readonly Named[]): readonly Note[] {
  const named = rules.slice(0, rulesNamedMax).map(({ value, span }, i) => {
    return { message: `${i === 0 ? "in" : "and in"} rule "${value}"`, span };
  });
  const more = rules.length - named.length;
  const others = more === 1 ? "one other rule" : `${more} other rules`;
  return more === 0 ? named : [...named, { message: `and in ${others}` }];
}
