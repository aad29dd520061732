// SPDX-License-Identifier: Apache-2.0
import type { RuleSettings } from "../model/rule-settings.ts";
import { errorAt, hasErrors, sortDiagnostics, type Diagnostic } from "../text/diagnostic.ts";
import type { LocatedText } from "../text/located-text.ts";
import type { Source } from "../text/source.ts";
import type { Event, Place } from "../model/event.ts";
import { createChecker } from "../lang/check.ts";
import type { Predicate } from "../lang/checked.ts";
import { createCompiler } from "../lang/compile.ts";
import { expandMacros } from "../lang/expand.ts";
import { parseCondition } from "../lang/parser.ts";
import { Collector, type Collection } from "./collect.ts";
import { compileCollection, surroundingsOf, type Compilation } from "./compile.ts";
import { liveSubject, scopeCatalogue } from "./fields/catalogue.ts";
import { finish, type Steps } from "../util/steps.ts";
import { readRuleFile } from "./read.ts";
import { builtInPlugins, unmetPlugins } from "./required-versions.ts";
import { createRuleset, type Ruleset } from "./ruleset.ts";
import { checkAppendOutput } from "./rule-output.ts";
import { selectionDoubts } from "./selection.ts";
import type { RuleSubject } from "./subject.ts";
import { tellOnce } from "./told-once.ts";

/** What to load. */
export interface LoadInput {
  /** In load order: later files replace and append to what earlier ones define. */
  readonly files: readonly Source[];
  /** Generated macros, name → condition text: they replace macros of the same name from files. */
  readonly macros?: ReadonlyMap<string, string>;
  /** Which rules are in force, how the ruleset answers, what is added to outputs. */
  readonly settings?: Partial<RuleSettings>;
}

/** The rules, unless there is an error among the diagnostics. */
export interface LoadResult<E = Event> {
  readonly ruleset?: Ruleset<E>;
  readonly diagnostics: readonly Diagnostic[];
  /** What the files define, as far as it could be read; for those who look into it. */
  readonly collection: Collection;
  readonly compilation: Compilation<E>;
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
  const { files, macros = new Map<string, string>(), settings = {} } = input;
  const collector = new Collector(surroundingsOf(subject));
  const diagnostics: Diagnostic[] = [];
  for (const file of files) {
    const read = readRuleFile(file);
    diagnostics.push(...read.diagnostics);
    for (const entry of read.entries) {
      diagnostics.push(...entry.diagnostics);
      if (entry.definition !== undefined) diagnostics.push(...collector.add(entry.definition));
    }
    yield;
  }
  diagnostics.push(...unmetPlugins(collector.plugins, builtInPlugins));
  const { append, diagnostics: appendFaults } = checkAppendOutput(settings.append ?? [], subject);
  diagnostics.push(...appendFaults);
  const around = { subject, generated: macros, builtIn: builtInMacros, append };
  const compilation = yield* compileCollection(collector, around);
  diagnostics.push(...compilation.diagnostics.filter(({ code }) => !hides(code, diagnostics)));
  const result = {
    diagnostics: sortDiagnostics(tellOnce(diagnostics, compilation.owners), files),
    collection: collector,
    compilation,
  };
  if (hasErrors(diagnostics)) return result;
  const ruleset = createRuleset(compilation.rules, subject, settings);
  const doubts = selectionDoubts(ruleset.rules, settings.selection ?? []);
  return { ...result, diagnostics: [...result.diagnostics, ...doubts], ruleset };
}

/** What is unused is only known when everything could be read. */
function hides(code: string, diagnostics: readonly Diagnostic[]): boolean {
  return code.startsWith("unused-") && hasErrors(diagnostics);
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
