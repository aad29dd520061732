// SPDX-License-Identifier: Apache-2.0
import { errorAt, type Diagnostic } from "../text/diagnostic.ts";
import { joinTexts, textAt, type LocatedText } from "../text/located-text.ts";
import { didYouMean } from "../text/nearest.ts";
import type {
  Definition,
  ListDefinition,
  MacroDefinition,
  Named,
  RuleDefinition,
  RuleParts,
} from "./definition.ts";
import { appendExceptions } from "./exceptions.ts";

/** When something was defined: a running number over all files. */
interface Stamped {
  /** First definition: decides the order, and who may refer to it. */
  readonly firstAt: number;
  /** Last definition or append: what was defined before that may be referred to. */
  readonly lastAt: number;
}

/** A list after all files were read. */
export interface CollectedList extends Stamped {
  readonly name: Named;
  readonly items: readonly LocatedText[];
}

/** A macro after all files were read. */
export interface CollectedMacro extends Stamped {
  readonly name: Named;
  readonly condition: LocatedText;
}

/** A rule after all files were read. */
export interface CollectedRule extends Stamped {
  readonly name: Named;
  readonly parts: RuleParts;
}

/** Everything that the files define, each kind in the order of first definition. */
export interface Collection {
  readonly lists: ReadonlyMap<string, CollectedList>;
  readonly macros: ReadonlyMap<string, CollectedMacro>;
  readonly rules: ReadonlyMap<string, CollectedRule>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Applies definitions in load order: later ones replace, append to or override earlier ones. */
export function collectDefinitions(definitions: readonly Definition[]): Collection {
  const lists = new Map<string, CollectedList>();
  const macros = new Map<string, CollectedMacro>();
  const rules = new Map<string, CollectedRule>();
  const diagnostics: Diagnostic[] = [];
  definitions.forEach((definition, at) => {
    const { name } = definition;
    switch (definition.kind) {
      case "list":
        keep(lists, name, collectList(definition, lists.get(name.value), at));
        break;
      case "macro":
        keep(macros, name, collectMacro(definition, macros.get(name.value), at));
        break;
      case "rule": {
        const change = { definition, earlier: rules.get(name.value), at };
        keep(rules, name, collectRule(change, diagnostics));
        break;
      }
    }
    const target = { list: lists, macro: macros, rule: rules }[definition.kind];
    if (!target.has(name.value) && definition.mode !== "define") {
      diagnostics.push(notDefined(definition, target.keys()));
    }
  });
  return { lists, macros, rules, diagnostics };
}

function keep<T>(target: Map<string, T>, name: Named, value: T | undefined): void {
  if (value !== undefined) target.set(name.value, value);
}

function notDefined({ kind, name, mode }: Definition, names: Iterable<string>): Diagnostic {
  const hint = didYouMean(name.value, names);
  const verb =
    mode === "toggle" ? "enable or disable" : mode === "append" ? "append to" : "override";
  const message = `cannot ${verb} ${kind} "${name.value}"${hint || ": it is not defined before"}`;
  return errorAt({ code: "not-defined", message, span: name.span });
}

function collectList(
  { name, mode, items }: ListDefinition,
  earlier: CollectedList | undefined,
  at: number,
): CollectedList | undefined {
  if (mode === "define") return { name, items, firstAt: earlier?.firstAt ?? at, lastAt: at };
  return earlier && { ...earlier, items: [...earlier.items, ...items], lastAt: at };
}

function collectMacro(
  { name, mode, condition }: MacroDefinition,
  earlier: CollectedMacro | undefined,
  at: number,
): CollectedMacro | undefined {
  if (mode === "define") return { name, condition, firstAt: earlier?.firstAt ?? at, lastAt: at };
  return earlier && { ...earlier, condition: appended(earlier.condition, condition), lastAt: at };
}

interface RuleChange {
  readonly definition: RuleDefinition;
  readonly earlier: CollectedRule | undefined;
  readonly at: number;
}

function collectRule(change: RuleChange, diagnostics: Diagnostic[]): CollectedRule | undefined {
  const { definition, earlier, at } = change;
  const { name, mode, parts } = definition;
  if (mode === "define") {
    checkSource(change, diagnostics);
    return { name, parts, firstAt: earlier?.firstAt ?? at, lastAt: at };
  }
  if (earlier === undefined) return undefined;
  const joined = mode === "toggle" ? { ...earlier.parts, enabled: parts.enabled } : undefined;
  return {
    ...earlier,
    parts: joined ?? joinParts(earlier.parts, definition, diagnostics),
    lastAt: at,
  };
}

function checkSource({ definition, earlier }: RuleChange, diagnostics: Diagnostic[]): void {
  const { source } = definition.parts;
  const before = earlier?.parts.source;
  if (source === undefined || before === undefined || source.value === before.value) return;
  const { name } = definition;
  const message = `cannot change the source of rule "${name.value}" to "${source.value}"`;
  const notes = [{ message: "first defined here", span: before.span }];
  diagnostics.push(errorAt({ code: "override", message, span: source.span, notes }));
}

/** The parts of a rule after an append or an override. */
function joinParts(
  earlier: RuleParts,
  { mode, parts, overrides }: RuleDefinition,
  diagnostics: Diagnostic[],
): RuleParts {
  const isAppended = (key: string): boolean =>
    mode === "append"
      ? key === "condition" || key === "exceptions"
      : overrides.get(key) === "append";
  const isUsed = (key: string): boolean => mode === "append" || overrides.has(key);
  const text = (key: "condition" | "output" | "desc"): LocatedText | undefined => {
    const added = isUsed(key) ? parts[key] : undefined;
    if (added === undefined) return earlier[key];
    const before = earlier[key];
    return isAppended(key) && before !== undefined ? appended(before, added) : added;
  };
  const replaced = mode === "append" ? {} : definedParts(parts);
  const exceptions = isAppended("exceptions")
    ? appendExceptions(earlier.exceptions ?? [], parts.exceptions ?? [], diagnostics)
    : (parts.exceptions ?? earlier.exceptions);
  const tags = isAppended("tags") ? [...(earlier.tags ?? []), ...(parts.tags ?? [])] : undefined;
  return {
    ...earlier,
    ...replaced,
    ...(tags === undefined ? {} : { tags }),
    exceptions,
    condition: text("condition"),
    output: text("output"),
    desc: text("desc"),
  };
}

function definedParts(parts: RuleParts): Partial<RuleParts> {
  const { priority, enabled, tags, skipsUnknownFields } = parts;
  return {
    ...(priority === undefined ? {} : { priority }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(tags === undefined ? {} : { tags }),
    ...(skipsUnknownFields === undefined ? {} : { skipsUnknownFields }),
  };
}

/** Texts are joined with one blank, without parentheses. */
function appended(first: LocatedText, second: LocatedText): LocatedText {
  return joinTexts([first, textAt(" ", second.spanOf(0, 0)), second]);
}
