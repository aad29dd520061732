// SPDX-License-Identifier: Apache-2.0
import { priorities, type Priority } from "../model/alert.ts";
import type { RuleSelection } from "../model/rule-settings.ts";
import { warningAt, type Diagnostic } from "../text/diagnostic.ts";
import { didYouMean } from "../text/nearest.ts";

/** What selecting needs to know of a rule. */
export interface Selectable {
  readonly name: string;
  readonly tags: readonly string[];
  readonly priority: Priority;
  readonly isEnabled: boolean;
}

/** Which rules are in force. */
export interface SelectionOptions {
  /** Rules less severe than this are left out; absent: none is. */
  readonly minPriority?: Priority;
  /** Applied in order. */
  readonly selection?: readonly RuleSelection[];
}

/**
 * The rules in force, in the order in which they are tried: that of their definition; rules that an `enable` entry
 * adds come after those that were on before it, as upstream has it.
 */
export function selectRules<R extends Selectable>(
  rules: readonly R[],
  { minPriority = "Debug", selection = [] }: SelectionOptions,
): readonly R[] {
  const least = priorities.indexOf(minPriority);
  const candidates = rules.filter(({ priority }) => priorities.indexOf(priority) <= least);
  const chosen = new Set(candidates.filter(({ isEnabled }) => isEnabled));
  for (const entry of selection) {
    const matches = matcherOf(entry);
    for (const rule of candidates) {
      if (!matches(rule)) continue;
      if (entry.action === "enable") chosen.add(rule);
      else chosen.delete(rule);
    }
  }
  return [...chosen];
}

function matcherOf({ by, pattern }: RuleSelection): (rule: Selectable) => boolean {
  if (pattern === "") return () => false;
  if (by === "tag") return ({ tags }) => tags.includes(pattern);
  return ({ name }) => matchesWildcard(pattern, name);
}

/**
 * `*` stands for any text. What follows a star is looked for at its first place only, so that `*ab` is not found in
 * `abab`: as upstream has it (quirk).
 */
function matchesWildcard(pattern: string, name: string): boolean {
  const [first = "", ...others] = pattern.split("*");
  const parts = others.filter((part, i) => part !== "" || i === others.length - 1);
  if (parts.length === 0) return name === first;
  if (!name.startsWith(first)) return false;
  let rest = name.slice(first.length);
  for (const part of parts) {
    const at = rest.indexOf(part);
    if (at < 0) return false;
    rest = rest.slice(at + part.length);
  }
  return rest === "" || parts.at(-1) === "";
}

/** Entries that are about no rule at all: most likely misspelt. */
export function selectionDoubts(
  rules: readonly Selectable[],
  selection: readonly RuleSelection[],
): readonly Diagnostic[] {
  return selection.flatMap((entry) => {
    if (rules.some(matcherOf(entry))) return [];
    const { action, by, pattern } = entry;
    const known = by === "rule" ? rules.map(({ name }) => name) : rules.flatMap(({ tags }) => tags);
    const hint = didYouMean(pattern, known) || ": none is loaded";
    const what = by === "rule" ? `rule "${pattern}"` : `rules with tag "${pattern}"`;
    const message = `cannot ${action} ${what}${hint}`;
    return [warningAt({ code: "unused-selection", message })];
  });
}
