// SPDX-License-Identifier: Apache-2.0
import {
  errorAt,
  hasErrors,
  sortDiagnostics,
  warningAt,
  type Diagnostic,
} from "../text/diagnostic.ts";
import { wholeSource, type LocatedText } from "../text/located-text.ts";
import type { Source, Span } from "../text/source.ts";
import type { Event, Place } from "../model/event.ts";
import { createChecker } from "../lang/check.ts";
import type { Predicate } from "../lang/checked.ts";
import { createCompiler } from "../lang/compile.ts";
import { expandMacros } from "../lang/expand.ts";
import { parseCondition } from "../lang/parser.ts";
import { collectDefinitions, type CollectedMacro, type Collection } from "./collect.ts";
import type { AppendOutput } from "./append-output.ts";
import { checkRules } from "./check-rules.ts";
import { liveSubject, scopeCatalogue } from "./fields/catalogue.ts";
import { finish, type Steps } from "../util/steps.ts";
import { createListExpander, type ListExpander } from "./lists.ts";
import { createMacroTable, type MacroTable } from "./macros.ts";
import { readRuleFile, type ReadResult } from "./read.ts";
import { createRuleset, type Ruleset, type RulesetOptions } from "./ruleset.ts";
import type { RuleSubject } from "./subject.ts";

/** What to load. */
export interface LoadInput {
  /** In load order: later files replace and append to what earlier ones define. */
  readonly files: readonly Source[];
  /** Generated macros, name → condition text: they replace macros of the same name from files. */
  readonly macros?: ReadonlyMap<string, string>;
  /** How the ruleset answers and which rules are in force. */
  readonly options?: RulesetOptions;
  /** What is added to the outputs of rules. */
  readonly append?: readonly AppendOutput[];
}

/** The rules, unless there is an error among the diagnostics. */
export interface LoadResult<E = Event> {
  readonly ruleset?: Ruleset<E>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads, resolves, checks and compiles rule files; every fault of all files is reported at once. */
export function loadRules(input: LoadInput): LoadResult {
  return finish(loadRulesInSteps(input));
}

/** As `loadRules`, a file, a macro or a rule at a time: for a thread that has something else to do meanwhile. */
export function loadRulesInSteps(input: LoadInput): Steps<LoadResult> {
  return loadRulesOver(liveSubject, input);
}

/** The same for rules over events of any kind. */
export function* loadRulesOver<E>(subject: RuleSubject<E>, input: LoadInput): Steps<LoadResult<E>> {
  const read: ReadResult[] = [];
  for (const file of input.files) {
    read.push(readRuleFile(file));
    yield;
  }
  const collection = collectDefinitions(read.flatMap(({ definitions }) => definitions));
  const diagnostics = [...read.flatMap((file) => file.diagnostics), ...collection.diagnostics];
  const macros = withGeneratedMacros(collection.macros, input.macros ?? new Map());
  const lists = createListExpander(collection.lists);
  const table = yield* createMacroTable({ macros, lists, diagnostics });
  const checked = yield* checkRules(
    collection.rules,
    { macros: table, subject, append: input.append ?? [] },
    diagnostics,
  );
  if (hasErrors(diagnostics)) return { diagnostics: sortDiagnostics(diagnostics, input.files) };
  diagnostics.push(...unusedDefinitions(collection, { lists, macros: table }));
  const sorted = sortDiagnostics(diagnostics, input.files);
  return { ruleset: createRuleset(checked, subject, input.options), diagnostics: sorted };
}

/** A condition over the place of an event, or what is wrong with it. */
export interface ScopeResult {
  readonly predicate?: Predicate<Place>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Compiles a scope: a condition over container., image. and host. fields, without macros. */
export function compileScope(text: LocatedText): ScopeResult {
  const parsed = parseCondition(text.value);
  if (!parsed.ok) {
    const { code, message, range } = parsed.fault;
    const span = text.spanOf(range.start, range.end);
    return { diagnostics: [errorAt({ code, message, span })] };
  }
  const noMacros = { find: () => undefined, names: () => [] };
  const { expr, diagnostics: unknown } = expandMacros(parsed.expr, text, noMacros);
  const { checked, diagnostics: faults } = createChecker(scopeCatalogue).check(expr, text);
  const diagnostics = [...unknown, ...faults];
  if (hasErrors(diagnostics)) return { diagnostics };
  return { predicate: createCompiler<Place>().compile(checked), diagnostics };
}

/** `container` alone has always meant this; a file may define it otherwise. */
const builtInMacros: ReadonlyMap<string, string> = new Map([["container", "container.id != host"]]);

/** Macros that the daemon makes are seen by all others, wherever the file has its own. */
function withGeneratedMacros(
  macros: ReadonlyMap<string, CollectedMacro>,
  generated: ReadonlyMap<string, string>,
): ReadonlyMap<string, CollectedMacro> {
  const all = new Map<string, CollectedMacro>();
  const make = (name: string, condition: string): void => {
    const text = wholeSource({ name: `<macro ${name}>`, text: condition });
    const span = text.spanOf(0, condition.length);
    all.set(name, { name: { value: name, span }, condition: text, firstAt: -1, lastAt: -1 });
  };
  for (const [name, condition] of builtInMacros) make(name, condition);
  for (const [name, macro] of macros) all.set(name, macro);
  for (const [name, condition] of generated) make(name, condition);
  return all;
}

function unusedDefinitions(
  { lists, macros }: Collection,
  expanders: { readonly lists: ListExpander; readonly macros: MacroTable },
): readonly Diagnostic[] {
  const unused = (kind: "list" | "macro", name: string, span: Span): Diagnostic =>
    warningAt({ code: `unused-${kind}`, message: `${kind} "${name}" is not used`, span });
  return [
    ...[...lists.values()]
      .filter(({ name }) => !expanders.lists.isUsed(name.value))
      .map(({ name }) => unused("list", name.value, name.span)),
    ...[...macros.values()]
      .filter(({ name }) => !expanders.macros.isUsed(name.value))
      .map(({ name }) => unused("macro", name.value, name.span)),
  ];
}
