// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import type { FieldValue } from "../model/alert.ts";
import type { RuleInfo } from "../model/decision.ts";
import type { ExecEvent } from "../model/event.ts";
import { boundOf, type Checked, type Predicate } from "../lang/checked.ts";

/** A rule that was loaded. */
export interface Rule extends RuleInfo {
  readonly isEnabled: boolean;
  /** Why the rule can never match an exec event, in words; undefined when it can. */
  readonly inactiveBecause?: string;
  /** Texts decoded for printing; control characters in them are left for outputs to escape. */
  formatOutput(event: ExecEvent): {
    readonly output: string;
    readonly fields: Readonly<Record<string, FieldValue>>;
  };
}

/** All rules that were loaded. */
export interface Ruleset {
  /** In the order of first definition. */
  readonly rules: readonly Rule[];
  /** Every enabled rule that the event matches, in that order. Never throws. */
  match(event: ExecEvent): readonly Rule[];
}

/** A rule, its checked condition and the predicate made of it. */
export interface CompiledRule {
  readonly rule: Rule;
  readonly checked: Checked<ExecEvent>;
  readonly matches: Predicate<ExecEvent>;
}

/** Event types that reach the rules. */
export const execEventTypes: ReadonlySet<ByteString> = new Set(["execve", "execveat"]);

const noRules: readonly Rule[] = [];

/** Indexes rules by the event type and by the literal program names that their conditions ask for. */
export function createRuleset(compiled: readonly CompiledRule[]): Ruleset {
  const live = compiled.filter(({ rule }) => rule.isEnabled && rule.inactiveBecause === undefined);
  const execve = indexByName(live.filter(({ checked }) => mayBe(checked, "execve")));
  const execveat = indexByName(live.filter(({ checked }) => mayBe(checked, "execveat")));
  return {
    rules: compiled.map(({ rule }) => rule),
    match(event) {
      const index = event.syscall === "execve" ? execve : execveat;
      const candidates = index.byName.get(event.process.comm) ?? index.others;
      let matches: Rule[] | undefined;
      for (const { rule, matches: holds } of candidates) {
        if (holds(event)) (matches ??= []).push(rule);
      }
      return matches ?? noRules;
    },
  };
}

interface NameIndex {
  /** For each program name that some rule asks for: the rules that may match it. */
  readonly byName: ReadonlyMap<ByteString, readonly CompiledRule[]>;
  /** The rules that may match any other name. */
  readonly others: readonly CompiledRule[];
}

function indexByName(rules: readonly CompiledRule[]): NameIndex {
  const bounds = rules.map((rule) => ({ rule, names: boundOf(rule.checked, "proc.name") }));
  const byName = new Map<ByteString, CompiledRule[]>();
  for (const { names } of bounds) for (const name of names ?? []) byName.set(name, []);
  for (const { rule, names } of bounds) {
    for (const name of names ?? byName.keys()) byName.get(name)?.push(rule);
  }
  return { byName, others: bounds.flatMap(({ rule, names }) => (names === undefined ? rule : [])) };
}

function mayBe(checked: Checked<ExecEvent>, type: ByteString): boolean {
  return boundOf(checked, "evt.type")?.has(type) ?? true;
}
