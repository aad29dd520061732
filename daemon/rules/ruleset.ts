// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import type { FieldValue } from "../model/alert.ts";
import type { RuleInfo } from "../model/decision.ts";
import type { Event } from "../model/event.ts";
import {
  boundOf,
  collectBounds,
  createSpecializer,
  type Checked,
  type Predicate,
} from "../lang/checked.ts";
import { createCompiler } from "../lang/compile.ts";
import type { Explanation } from "../lang/explain.ts";
import type { FieldCatalogue } from "../lang/field.ts";
import { selectRules, type SelectionOptions } from "./selection.ts";
import { sourceNamed, type RuleSource, type RuleSubject } from "./subject.ts";

/** A rule that was loaded, over events of type E. */
export interface Rule<E = Event> extends RuleInfo {
  /** As its file says; what is in force is `Ruleset.enabled`. */
  readonly isEnabled: boolean;
  /** Why no event that occurs can ever match the rule, in words; undefined when one can. */
  readonly inactiveBecause?: string;
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

/** A rule and its checked condition. */
interface Judged<E> {
  readonly rule: Rule<E>;
  readonly checked: Checked<E>;
}

/** A rule, its checked condition, and how to say what came of it. */
export interface CheckedRule<E = Event> extends Judged<E> {
  readonly explain: (event: E) => Explanation | undefined;
}

/** How a ruleset answers, and which of its rules are in force. */
export interface RulesetOptions extends SelectionOptions {
  /** Whether the first rule that matches ends the search; `all` when left out. */
  readonly matching?: "first" | "all";
}

/** A rule and what decides whether it matches. */
interface Candidate<E> {
  readonly rule: Rule<E>;
  readonly matches: Predicate<E>;
}

/** Compiles the rules, indexed by the event type and by the program names that their conditions ask for. */
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

type Candidates<E> = (event: E) => readonly Candidate<E>[];

/** Finds the rules that an event may match: those of its source, and of these by type and name. */
function createSourceIndex<E>(rules: readonly Judged<E>[], subject: RuleSubject<E>): Candidates<E> {
  const { others = new Map<string, RuleSource<E>>(), sourceOf } = subject;
  const indexOf = (source: RuleSource<E>): Candidates<E> =>
    createTypeIndex(
      rules.filter(({ rule }) => sourceNamed(subject, rule.source) === source),
      source,
    );
  const ofDefault = indexOf(subject);
  if (sourceOf === undefined) return ofDefault;
  const bySource = new Map([...others].map(([name, source]) => [name, indexOf(source)]));
  return (event) => (bySource.get(sourceOf(event)) ?? ofDefault)(event);
}

/** Finds the rules that an event may match by its type and by the name of its program. */
function createTypeIndex<E>(
  rules: readonly Judged<E>[],
  { catalogue, eventTypes }: RuleSource<E>,
): Candidates<E> {
  const typeOf = textReader(catalogue, "evt.type");
  const nameOf = textReader(catalogue, "proc.name");
  const types = new Set<ByteString>(eventTypes);
  if (eventTypes === undefined) {
    for (const { checked } of rules) collectBounds(checked, "evt.type", types);
  }
  const byType = new Map([...types].map((type) => [type, createNameIndex(rules, type)]));
  const others = createNameIndex(rules, undefined);
  return (event) => {
    const index = byType.get(typeOf(event) ?? "") ?? others;
    return index.byName.get(nameOf(event) ?? "") ?? index.others;
  };
}

function textReader<E>(
  catalogue: FieldCatalogue<E>,
  name: string,
): (event: E) => ByteString | undefined {
  const reader = catalogue.find(name)?.spec.bind?.(undefined);
  if (reader?.kind !== "one") return () => undefined;
  const { get } = reader;
  return (event) => {
    const value = get(event);
    return typeof value === "string" ? value : undefined;
  };
}

interface NameIndex<E> {
  /** For each program name that some condition names: the rules that may match it. */
  readonly byName: ReadonlyMap<ByteString, readonly Candidate<E>[]>;
  /** The rules that may match a program that no condition names; its name is folded out of them. */
  readonly others: readonly Candidate<E>[];
}

function createNameIndex<E>(
  rules: readonly Judged<E>[],
  type: ByteString | undefined,
): NameIndex<E> {
  const forType = specializeRules(rules, createSpecializer("evt.type", type));
  const forOthers = specializeRules(forType, createSpecializer("proc.name", undefined));
  const compiler = createCompiler<E>();
  const toCandidate = ({ rule, checked }: Judged<E>): Candidate<E> => {
    return { rule, matches: compiler.compile(checked) };
  };
  const names = new Set<ByteString>();
  for (const { checked } of forType) collectBounds(checked, "proc.name", names);
  const byName = new Map([...names].map((name): [ByteString, Candidate<E>[]] => [name, []]));
  for (const rule of forType) {
    const candidate = toCandidate(rule);
    const wanted = boundOf(rule.checked, "proc.name") ?? names;
    for (const name of wanted) byName.get(name)?.push(candidate);
  }
  return { byName, others: forOthers.map(toCandidate) };
}

/** What is left of the rules, less those that can no longer match. */
function specializeRules<E>(
  rules: readonly Judged<E>[],
  specialize: (checked: Checked<E>) => Checked<E>,
): readonly Judged<E>[] {
  return rules
    .map(({ rule, checked }) => ({ rule, checked: specialize(checked) }))
    .filter(({ checked }) => checked.kind !== "constant" || checked.value);
}
