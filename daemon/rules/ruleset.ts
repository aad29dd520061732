// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import type { FieldValue } from "../model/alert.ts";
import type { RuleInfo } from "../model/decision.ts";
import type { ExecEvent } from "../model/event.ts";
import {
  boundOf,
  collectBounds,
  createSpecializer,
  type Checked,
  type Predicate,
} from "../lang/checked.ts";
import { createCompiler } from "../lang/compile.ts";

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

/** A rule and its checked condition. */
export interface CheckedRule {
  readonly rule: Rule;
  readonly checked: Checked<ExecEvent>;
}

/** A rule and what decides whether it matches. */
interface Candidate {
  readonly rule: Rule;
  readonly matches: Predicate<ExecEvent>;
}

/** The events that reach the rules. */
export const execEventTypes: readonly ExecEvent["syscall"][] = ["execve", "execveat"];

const noRules: readonly Rule[] = [];

/** Compiles the rules, indexed by the event type and by the program names that their conditions ask for. */
export function createRuleset(checked: readonly CheckedRule[]): Ruleset {
  const live = checked.filter(({ rule }) => rule.isEnabled && rule.inactiveBecause === undefined);
  const execve = createIndex(live, "execve");
  const execveat = createIndex(live, "execveat");
  return {
    rules: checked.map(({ rule }) => rule),
    match(event) {
      const index = event.syscall === "execve" ? execve : execveat;
      const candidates = index.byName.get(event.process.comm) ?? index.others;
      let matched: Rule[] | undefined;
      for (const { rule, matches } of candidates) {
        if (matches(event)) (matched ??= []).push(rule);
      }
      return matched ?? noRules;
    },
  };
}

interface NameIndex {
  /** For each program name that some condition names: the rules that may match it. */
  readonly byName: ReadonlyMap<ByteString, readonly Candidate[]>;
  /** The rules that may match a program that no condition names; its name is folded out of them. */
  readonly others: readonly Candidate[];
}

function createIndex(rules: readonly CheckedRule[], type: ExecEvent["syscall"]): NameIndex {
  const forType = specializeRules(rules, createSpecializer("evt.type", type));
  const forOthers = specializeRules(forType, createSpecializer("proc.name", undefined));
  const compiler = createCompiler<ExecEvent>();
  const toCandidate = ({ rule, checked }: CheckedRule): Candidate => {
    return { rule, matches: compiler.compile(checked) };
  };
  const names = new Set<ByteString>();
  for (const { checked } of forType) collectBounds(checked, "proc.name", names);
  const byName = new Map([...names].map((name): [ByteString, Candidate[]] => [name, []]));
  for (const rule of forType) {
    const candidate = toCandidate(rule);
    const wanted = boundOf(rule.checked, "proc.name") ?? names;
    for (const name of wanted) byName.get(name)?.push(candidate);
  }
  return { byName, others: forOthers.map(toCandidate) };
}

/** What is left of the rules, less those that can no longer match. */
function specializeRules(
  rules: readonly CheckedRule[],
  specialize: (checked: Checked<ExecEvent>) => Checked<ExecEvent>,
): readonly CheckedRule[] {
  return rules
    .map(({ rule, checked }) => ({ rule, checked: specialize(checked) }))
    .filter(({ checked }) => checked.kind !== "constant" || checked.value);
}
