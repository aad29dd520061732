// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import { collectBounds, createSpecializer, type Checked, type Predicate } from "../lang/checked.ts";
import { createCompiler } from "../lang/compile.ts";
import type { FieldCatalogue } from "../lang/field.ts";
import { createGuardFinder, type Alternative } from "../lang/guard.ts";
import type { RuleSource } from "./subject.ts";

/** A rule of type R and its checked condition. */
export interface Judged<E, R> {
  readonly rule: R;
  readonly checked: Checked<E>;
}

/** A rule and what decides whether it matches. */
interface Candidate<E, R> {
  readonly rule: R;
  readonly matches: Predicate<E>;
  /** Its place among the rules in force. */
  readonly rank: number;
}

/** The rules that an event may match, in their order; all others certainly do not match it. */
export type Candidates<E, R> = (event: E) => readonly Candidate<E, R>[];

type TextReader<E> = (event: E) => ByteString | undefined;

/** Finds rules by the type of the event, by the name of its program, and by the texts that their guards ask for. */
export function createTypeIndex<E, R>(
  rules: readonly Judged<E, R>[],
  { catalogue, eventTypes }: RuleSource<E>,
): Candidates<E, R> {
  const typeOf = textReader(catalogue, "evt.type");
  const types = new Set<ByteString>(eventTypes);
  if (eventTypes === undefined) {
    for (const { checked } of rules) collectBounds(checked, "evt.type", types);
  }
  const ranked = rules.map((judged, rank): Ranked<E, R> => ({ ...judged, rank }));
  const indexOf = (type: ByteString | undefined): Candidates<E, R> =>
    createNameIndex(specializeRules(ranked, createSpecializer("evt.type", type)), catalogue);
  const byType = new Map([...types].map((type) => [type, indexOf(type)]));
  const others = indexOf(undefined);
  return (event) => (byType.get(typeOf(event) ?? "") ?? others)(event);
}

interface Ranked<E, R> extends Judged<E, R> {
  readonly rank: number;
}

function textReader<E>(catalogue: FieldCatalogue<E>, name: string): TextReader<E> {
  const reader = catalogue.find(name)?.spec.bind?.(undefined);
  if (reader?.kind !== "one") return () => undefined;
  const { get } = reader;
  return (event) => {
    const value = get(event);
    return typeof value === "string" ? value : undefined;
  };
}

/** Of a program that no condition names, what conditions say of its name is folded out of them. */
function createNameIndex<E, R>(
  rules: readonly Ranked<E, R>[],
  catalogue: FieldCatalogue<E>,
): Candidates<E, R> {
  const nameOf = textReader(catalogue, "proc.name");
  const names = new Set<ByteString>();
  for (const { checked } of rules) collectBounds(checked, "proc.name", names);
  const named = createGuardIndex(rules, catalogue);
  const folded = specializeRules(rules, createSpecializer("proc.name", undefined));
  const others = createGuardIndex(folded, catalogue);
  return (event) => (names.has(nameOf(event) ?? "") ? named(event) : others(event));
}

/** What is left of the rules, less those that can no longer match. */
function specializeRules<E, R>(
  rules: readonly Ranked<E, R>[],
  specialize: (checked: Checked<E>) => Checked<E>,
): readonly Ranked<E, R>[] {
  return rules
    .map((ranked) => ({ ...ranked, checked: specialize(ranked.checked) }))
    .filter(({ checked }) => checked.kind !== "constant" || checked.value);
}

/** Rules that ask for texts of one field. */
interface FieldIndex<E, R> {
  readonly get: TextReader<E>;
  readonly equals: Map<ByteString, Candidate<E, R>[]>;
  readonly prefixes: Map<ByteString, Candidate<E, R>[]>;
  /** Lengths of the prefixes. */
  readonly lengths: Set<number>;
}

/** Longer prefixes are looked up by their beginning, which keeps the number of lengths small. */
const prefixLengthMax = 24;

/** Fields that differ from event to event: a rule that asks for a text of one of them is seldom meant. */
const tellingFields: ReadonlySet<string> = new Set(
  `proc.name proc.exepath proc.exe proc.pname proc.pexepath proc.pexe proc.sname container.name container.image
container.image.repository container.image.id container.image.digest image.repository image.reference image.digest
k8s.ns.name k8s.pod.name fd.name docker.event.type docker.event.action docker.event.name`.split(
    /\s+/,
  ),
);

/** Puts each rule with a guard where only events that fit the guard find it. */
function createGuardIndex<E, R>(
  rules: readonly Ranked<E, R>[],
  catalogue: FieldCatalogue<E>,
): Candidates<E, R> {
  const compiler = createCompiler<E>();
  const finder = createGuardFinder<E>(tellingFields);
  const open: Candidate<E, R>[] = [];
  const fields = new Map<string, FieldIndex<E, R>>();
  for (const { rule, checked, rank } of rules) {
    const candidate = { rule, matches: compiler.compile(checked), rank };
    const guard = finder.guardOf(checked);
    if (guard === undefined) {
      open.push(candidate);
      continue;
    }
    const index = fields.get(guard.field) ?? emptyIndex(textReader(catalogue, guard.field));
    fields.set(guard.field, index);
    for (const alternative of guard.alternatives) addTo(index, alternative, candidate);
  }
  const indexes = [...fields.values()];
  return (event) => {
    let found: Candidate<E, R>[] | undefined;
    for (const index of indexes) found = lookUp(index, event, found);
    return found === undefined ? open : inOrder(open, found);
  };
}

function emptyIndex<E, R>(get: TextReader<E>): FieldIndex<E, R> {
  return { get, equals: new Map(), prefixes: new Map(), lengths: new Set() };
}

function addTo<E, R>(
  { equals, prefixes, lengths }: FieldIndex<E, R>,
  { kind, text }: Alternative,
  candidate: Candidate<E, R>,
): void {
  const key = kind === "prefix" ? text.slice(0, prefixLengthMax) : text;
  const table = kind === "prefix" ? prefixes : equals;
  const candidates = table.get(key) ?? [];
  if (candidates.at(-1) !== candidate) candidates.push(candidate);
  table.set(key, candidates);
  if (kind === "prefix") lengths.add(key.length);
}

function lookUp<E, R>(
  { get, equals, prefixes, lengths }: FieldIndex<E, R>,
  event: E,
  found: Candidate<E, R>[] | undefined,
): Candidate<E, R>[] | undefined {
  const text = get(event);
  if (text === undefined) return found;
  let all = found;
  const same = equals.get(text);
  if (same !== undefined) (all ??= []).push(...same);
  for (const length of lengths) {
    const hits = length <= text.length ? prefixes.get(text.slice(0, length)) : undefined;
    if (hits !== undefined) (all ??= []).push(...hits);
  }
  return all;
}

/** Both lists as one, by rank; a rule that was found in two ways is there once. `open` is in order already. */
function inOrder<E, R>(
  open: readonly Candidate<E, R>[],
  found: Candidate<E, R>[],
): readonly Candidate<E, R>[] {
  if (found.length > 1) found.sort((a, b) => a.rank - b.rank);
  const all: Candidate<E, R>[] = [];
  let at = 0;
  let last = -1;
  for (const candidate of found) {
    if (candidate.rank === last) continue;
    last = candidate.rank;
    for (let next = open[at]; next !== undefined && next.rank < last; next = open[++at]) {
      all.push(next);
    }
    all.push(candidate);
  }
  for (let next = open[at]; next !== undefined; next = open[++at]) all.push(next);
  return all;
}
