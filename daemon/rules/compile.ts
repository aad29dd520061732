// SPDX-License-Identifier: Apache-2.0
import type { AppendOutput } from "../model/rule-settings.ts";
import { hasErrors, warningAt, type Diagnostic } from "../text/diagnostic.ts";
import { wholeSource } from "../text/located-text.ts";
import type { Span } from "../text/source.ts";
import type { Steps } from "../util/steps.ts";
import { resolveOperand } from "../lang/operand.ts";
import { parseOperandPrefix } from "../lang/parse-operand.ts";
import { checkRules, type CompiledRule } from "./check-rules.ts";
import type { CollectedMacro, Collection, CollectSurroundings } from "./collect.ts";
import { createListExpander, type ListExpander } from "./lists.ts";
import { createMacroTable, type MacroTable } from "./macros.ts";
import { sourceNamed, type RuleSubject } from "./subject.ts";
import type { FaultOwners } from "./told-once.ts";

/** What a compilation needs besides the definitions. */
export interface CompileOptions<E> {
  readonly subject: RuleSubject<E>;
  /** Macros of the daemon, name → condition: they replace those of the same name. */
  readonly generated: ReadonlyMap<string, string>;
  /** Macros that are there unless a file defines them otherwise. */
  readonly builtIn: ReadonlyMap<string, string>;
  readonly append: readonly AppendOutput[];
}

/** Everything that was collected, compiled; without an error among the diagnostics it is complete. */
export interface Compilation<E> {
  readonly rules: readonly CompiledRule<E>[];
  readonly lists: ListExpander;
  readonly macros: MacroTable;
  /** In the order in which upstream finds them: macros, rules, what is unused. */
  readonly diagnostics: readonly Diagnostic[];
  /** Which rules each of them was found in. */
  readonly owners: FaultOwners;
}

/** Compiles what was collected: lists, then macros, then rules. */
export function* compileCollection<E>(
  collection: Collection,
  options: CompileOptions<E>,
): Steps<Compilation<E>> {
  const { subject, append } = options;
  const diagnostics: Diagnostic[] = [];
  const lists = createListExpander(collection.lists);
  const sources = withMadeMacros(collection.macros, options);
  const macros = yield* createMacroTable({ macros: sources, lists, diagnostics });
  const checks = { macros, subject, append };
  const { rules, owners, ...found } = yield* checkRules(collection.rules, checks);
  diagnostics.push(...found.diagnostics);
  if (!hasErrors(diagnostics)) {
    diagnostics.push(...unusedDefinitions(collection, { lists, macros }));
  }
  return { rules, lists, macros, diagnostics, owners };
}

/** What definitions are checked against as they are collected. */
export function surroundingsOf<E>(subject: RuleSubject<E>): CollectSurroundings {
  return {
    isSource: (name) => sourceNamed(subject, name) !== undefined,
    isField(text, sourceName) {
      const source = sourceNamed(subject, sourceName);
      if (source === undefined) return true;
      const parsed = parseOperandPrefix(text, 0);
      return parsed?.end === text.length && resolveOperand(parsed.operand, source.catalogue).ok;
    },
  };
}

/** Macros that the daemon makes are seen by all others, wherever the file has its own. */
function withMadeMacros<E>(
  macros: ReadonlyMap<string, CollectedMacro>,
  { builtIn, generated }: CompileOptions<E>,
): ReadonlyMap<string, CollectedMacro> {
  const all = new Map<string, CollectedMacro>();
  const make = (name: string, condition: string): void => {
    const text = wholeSource({ name: `<macro ${name}>`, text: condition });
    const span = text.spanOf(0, condition.length);
    all.set(name, { name: { value: name, span }, condition: text, firstAt: -1, lastAt: -1 });
  };
  for (const [name, condition] of builtIn) make(name, condition);
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
    ...[...macros.values()]
      .filter(({ name }) => !expanders.macros.isUsed(name.value))
      .map(({ name }) => unused("macro", name.value, name.span)),
    ...[...lists.values()]
      .filter(({ name }) => !expanders.lists.isUsed(name.value))
      .map(({ name }) => unused("list", name.value, name.span)),
  ];
}
