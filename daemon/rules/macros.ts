// SPDX-License-Identifier: Apache-2.0
import { diagnosticsShownMax, errorAt, type Diagnostic } from "../text/diagnostic.ts";
import { placeIn, type LocatedText } from "../text/located-text.ts";
import type { Expr } from "../lang/ast.ts";
import type { Steps } from "../util/steps.ts";
import { expandMacros, type ExpandedMacro, type Expansion } from "../lang/expand.ts";
import { parseCondition } from "../lang/parser.ts";
import type { CollectedMacro } from "./collect.ts";
import type { ListExpander } from "./lists.ts";

/** Parses conditions and puts macros in their place; everything wrong on the way is reported once. */
export interface MacroTable {
  /** A rule's condition with lists and macros in place; undefined when it is none. A rule sees every macro. */
  expand(condition: LocatedText, diagnostics: Diagnostic[]): ExpandedCondition | undefined;
  isUsed(name: string): boolean;
  /** A macro's own condition with its macros in place; undefined when it is faulty or not there. */
  find(name: string): ExpandedMacro | undefined;
}

/** A condition that is ready to be checked. */
export interface ExpandedCondition {
  readonly expr: Expr;
  /** The text that ranges in `expr` refer to. */
  readonly text: LocatedText;
}

/** What the table is built from. */
export interface MacroSources {
  readonly macros: ReadonlyMap<string, CollectedMacro>;
  readonly lists: ListExpander;
  readonly diagnostics: Diagnostic[];
}

/** Levels of macros in macros; more is a mistake, and would be a deep recursion here. */
const macroLevelsMax = 200;

/** Parses all macros, then resolves them, also those that no rule uses. */
export function* createMacroTable(sources: MacroSources): Steps<MacroTable> {
  const resolver = new MacroResolver(sources);
  for (const macro of sources.macros.values()) {
    resolver.parse(macro);
    yield;
  }
  for (const name of sources.macros.keys()) {
    resolver.resolve(name, 0);
    yield;
  }
  return {
    isUsed: (name) => resolver.used.has(name),
    find(name) {
      const macro = resolver.resolve(name, 0);
      return typeof macro === "object" ? macro : undefined;
    },
    expand(condition, diagnostics) {
      const parsed = parseWithLists(condition, sources.lists, diagnostics);
      if (parsed === undefined) return undefined;
      const { expr } = resolver.expand(parsed, { before: Infinity, level: 0 }, diagnostics);
      return { expr, text: parsed.text };
    },
  };
}

function parseWithLists(
  condition: LocatedText,
  lists: ListExpander,
  diagnostics: Diagnostic[],
): ExpandedCondition | undefined {
  const text = lists.expand(condition);
  if (text === undefined) {
    const message = "cannot put lists in place here: they make the condition too long";
    const end = condition.value.length;
    diagnostics.push(
      errorAt({ code: "list-growth", message, ...placeIn(condition, { start: 0, end }) }),
    );
    return undefined;
  }
  const parsed = parseCondition(text.value);
  if (parsed.ok) return { expr: parsed.expr, text };
  const { code, message, range } = parsed.fault;
  const place = placeIn(text, range);
  // The comma behind the first item of a list.
  const isBare = text.value[range.start] === "," && place.notes.length > 0;
  const told = isBare ? "cannot read on here: put the name of the list in parentheses" : message;
  diagnostics.push(errorAt({ code, message: told, ...place }));
  return undefined;
}

interface Viewer {
  /** Macros first defined before this moment are seen. */
  readonly before: number;
  readonly level: number;
}

class MacroResolver {
  readonly used = new Set<string>();
  readonly #sources: MacroSources;
  readonly #parsed = new Map<string, ExpandedCondition | undefined>();
  readonly #done = new Map<string, ExpandedMacro | "cycle" | "faulty">();

  #hints = 0;

  constructor(sources: MacroSources) {
    this.#sources = sources;
  }

  parse({ name, condition }: CollectedMacro): void {
    const { lists, diagnostics } = this.#sources;
    this.#parsed.set(name.value, parseWithLists(condition, lists, diagnostics));
  }

  resolve(name: string, level: number): ExpandedMacro | "cycle" | "faulty" | undefined {
    const done = this.#done.get(name);
    if (done !== undefined) return done;
    const macro = this.#sources.macros.get(name);
    if (macro === undefined) return undefined;
    // While it is being resolved, meeting it again is a cycle.
    this.#done.set(name, level > macroLevelsMax ? "faulty" : "cycle");
    const resolved = this.#resolveNew(macro, level);
    this.#done.set(name, resolved);
    return resolved;
  }

  expand({ expr, text }: ExpandedCondition, viewer: Viewer, diagnostics: Diagnostic[]): Expansion {
    const expansion = expandMacros(expr, text, {
      find: (name) =>
        this.#isSeen(name, viewer) ? this.resolve(name, viewer.level + 1) : undefined,
      names: () => this.#namesForHint(),
    });
    diagnostics.push(...expansion.diagnostics);
    for (const name of expansion.used) this.used.add(name);
    return expansion;
  }

  /** Looking for the nearest of many names takes long: only for as many faults as are shown. */
  #namesForHint(): Iterable<string> {
    this.#hints += 1;
    return this.#hints > diagnosticsShownMax ? [] : this.#sources.macros.keys();
  }

  #isSeen(name: string, { before }: Viewer): boolean {
    const macro = this.#sources.macros.get(name);
    return macro !== undefined && macro.firstAt < before;
  }

  #resolveNew({ name, firstAt, lastAt }: CollectedMacro, level: number): ExpandedMacro | "faulty" {
    const { diagnostics } = this.#sources;
    if (level > macroLevelsMax) {
      const message = `cannot expand macro "${name.value}": macros are nested too deep`;
      diagnostics.push(errorAt({ code: "too-deep", message, span: name.span }));
      return "faulty";
    }
    const parsed = this.#parsed.get(name.value);
    if (parsed === undefined) return "faulty";
    // A macro sees itself, so that naming itself is told apart from naming what does not exist.
    const viewer = { before: Math.max(lastAt, firstAt + 0.5), level };
    const { expr, depth } = this.expand(parsed, viewer, diagnostics);
    return { name: name.value, text: parsed.text, body: expr, depth };
  }
}
