// SPDX-License-Identifier: Apache-2.0
import type { FieldValue } from "../model/alert.ts";
import type { RuleInfo } from "../model/decision.ts";
import type { Event } from "../model/event.ts";
import type { Explanation } from "../lang/explain.ts";
import { createTypeIndex, type Candidates, type Judged } from "./rule-index.ts";
import { selectRules, type SelectionOptions } from "./selection.ts";
import { sourceNamed, type RuleSource, type RuleSubject } from "./subject.ts";

/** A rule that was loaded, over events of type E. */
export interface Rule<E = Event> extends RuleInfo {
  /** As its file says; what is in force is `Ruleset.enabled`. */
  readonly isEnabled: boolean;
  /** Why no event that occurs can ever match the rule, in words; undefined when one can. */
  readonly inactiveBecause?: string;
  /** It matches nothing in containers whose programs no allowlist names. */
  readonly needsProgramList?: true;
  /** The output text with all that is added to it. */
  readonly outputText: string;
  /** Texts decoded for printing; control characters in them are left for outputs to escape. */
  formatOutput(event: E): {
    readonly output: string;
    readonly fields: Readonly<Record<string, FieldValue>>;
  };
}

/** All rules that were loaded. */
export interface Ruleset<E = Event> {
  /** In the order of first definition. */
  readonly rules: readonly Rule<E>[];
  /** Those in force after priority and selection, in the order in which they are tried. */
  readonly enabled: readonly Rule<E>[];
  /**
   * The rules in force of the event's source that it matches, in that order: all of them, or the first. Never throws.
   */
  match(event: E): readonly Rule<E>[];
  /**
   * What each part of a rule's condition, macros in place, comes to for an event of its source: for people, not for
   * the hot path.
   */
  explain(rule: Rule<E>, event: E): Explanation | undefined;
}

/** A rule, its checked condition, and how to say what came of it. */
export interface CheckedRule<E = Event> extends Judged<E, Rule<E>> {
  readonly explain: (event: E) => Explanation | undefined;
}

/** How a ruleset answers, and which of its rules are in force. */
export interface RulesetOptions extends SelectionOptions {
  /** Whether the first rule that matches ends the search; `all` when left out. */
  readonly matching?: "first" | "all";
}

/** Compiles the rules, indexed by what their conditions ask for: see rule-index.ts. */
export function createRuleset<E>(
  checked: readonly CheckedRule<E>[],
  subject: RuleSubject<E>,
  options: RulesetOptions = {},
): Ruleset<E> {
  const rules = checked.map(({ rule }) => rule);
  const enabled = selectRules(rules, options);
  const conditions = new Map(checked.map((item) => [item.rule, item.checked]));
  const live = enabled.flatMap((rule) => {
    const condition = rule.inactiveBecause === undefined ? conditions.get(rule) : undefined;
    return condition === undefined ? [] : [{ rule, checked: condition }];
  });
  const candidatesOf = createSourceIndex(live, subject);
  const isFirst = options.matching === "first";
  const none: readonly Rule<E>[] = [];
  return {
    rules,
    enabled,
    match(event) {
      let matched: Rule<E>[] | undefined;
      for (const { rule, matches } of candidatesOf(event)) {
        if (!matches(event)) continue;
        if (isFirst) return [rule];
        (matched ??= []).push(rule);
      }
      return matched ?? none;
    },
    explain(rule, event) {
      const isOfItsSource =
        subject.sourceOf === undefined || subject.sourceOf(event) === rule.source;
      const found = isOfItsSource
        ? checked.find((candidate) => candidate.rule === rule)
        : undefined;
      return found?.explain(event);
    },
  };
}

/** Finds the rules that an event may match: those of its source, and of these by type and name. */
function createSourceIndex<E>(
  rules: readonly Judged<E, Rule<E>>[],
  subject: RuleSubject<E>,
): Candidates<E, Rule<E>> {
  const { others = new Map<string, RuleSource<E>>(), sourceOf } = subject;
  const indexOf = (source: RuleSource<E>): Candidates<E, Rule<E>> =>
    createTypeIndex(
      rules.filter(({ rule }) => sourceNamed(subject, rule.source) === source),
      source,
    );
  const ofDefault = indexOf(subject);
  if (sourceOf === undefined) return ofDefault;
  const bySource = new Map([...others].map(([name, source]) => [name, indexOf(source)]));
  return (event) => (bySource.get(sourceOf(event)) ?? ofDefault)(event);
}
