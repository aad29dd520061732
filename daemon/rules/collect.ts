// SPDX-License-Identifier: Apache-2.0
import {
  diagnosticsShownMax,
  errorAt,
  hasErrors,
  warningAt,
  type Diagnostic,
} from "../text/diagnostic.ts";
import { joinTexts, standIn, type LocatedText } from "../text/located-text.ts";
import { didYouMean } from "../text/nearest.ts";
import type {
  Definition,
  ListDefinition,
  MacroDefinition,
  Named,
  PluginDefinition,
  RuleDefinition,
  RuleParts,
} from "./definition.ts";
import { appendExceptions, checkExceptions } from "./exceptions.ts";
import { defaultSource } from "./subject.ts";

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
  /** No events of its source are seen: it is neither checked nor compiled. */
  readonly isUnseen: boolean;
}

/** Everything that the files define, each kind in the order of first definition. */
export interface Collection {
  readonly lists: ReadonlyMap<string, CollectedList>;
  readonly macros: ReadonlyMap<string, CollectedMacro>;
  readonly rules: ReadonlyMap<string, CollectedRule>;
  readonly plugins: readonly PluginDefinition[];
}

/** What definitions are checked against when they are applied. */
export interface CollectSurroundings {
  /** True for a source whose events are seen. */
  readonly isSource: (name: string) => boolean;
  /** True for a field or transformer that conditions may use. */
  readonly isField: (text: string, source: string) => boolean;
}

/** Applies definitions in load order: later ones replace, append to or override earlier ones. */
export class Collector implements Collection {
  readonly lists = new Map<string, CollectedList>();
  readonly macros = new Map<string, CollectedMacro>();
  readonly rules = new Map<string, CollectedRule>();
  readonly plugins: PluginDefinition[] = [];
  readonly #around: CollectSurroundings;
  #at = 0;
  #hints = 0;

  constructor(around: CollectSurroundings) {
    this.#around = around;
  }

  /** Applies one definition unless it is wrong; tells what is wrong with it, as far as that shows without compiling. */
  add(definition: Definition): readonly Diagnostic[] {
    const at = this.#at;
    this.#at += 1;
    switch (definition.kind) {
      case "plugins":
        this.plugins.push(definition);
        return [];
      case "list":
        return this.#keep(this.lists, definition, collectList(definition, this.lists, at));
      case "macro":
        return this.#keep(this.macros, definition, collectMacro(definition, this.macros, at));
      case "rule":
        return this.#addRule(definition, at);
    }
  }

  #keep<T>(
    target: Map<string, T>,
    definition: Exclude<Definition, PluginDefinition>,
    value: T | undefined,
  ): readonly Diagnostic[] {
    if (value === undefined) return [this.#notDefined(definition, target.keys())];
    target.set(definition.name.value, value);
    return [];
  }

  #addRule(definition: RuleDefinition, at: number): readonly Diagnostic[] {
    const { name, mode, parts } = definition;
    const earlier = this.rules.get(name.value);
    const faults: Diagnostic[] = [];
    if (mode === "define") {
      const isUnseen = this.#checkSource(definition, earlier, faults);
      if (hasErrors(faults)) return faults;
      const exceptions = this.#checkExceptions(parts, faults);
      const firstAt = earlier?.firstAt ?? at;
      const own = { ...parts, exceptions };
      this.rules.set(name.value, { name, parts: own, firstAt, lastAt: at, isUnseen });
      return faults;
    }
    if (earlier === undefined) return [this.#notDefined(definition, this.rules.keys())];
    const isField = this.#fieldTest(earlier.parts);
    const joined =
      mode === "toggle"
        ? { ...earlier.parts, enabled: parts.enabled }
        : joinParts(earlier.parts, definition, { faults, isField });
    // Switching a rule on or off does not count as a definition.
    const lastAt = mode === "toggle" ? earlier.lastAt : at;
    this.rules.set(name.value, { ...earlier, parts: joined, lastAt });
    return faults;
  }

  #notDefined(
    definition: ListDefinition | MacroDefinition | RuleDefinition,
    names: Iterable<string>,
  ): Diagnostic {
    const { kind, name, mode } = definition;
    const isOverride = kind === "rule" && definition.isOverride === true;
    // Looking for the nearest of many names takes long: only for as many faults as are shown.
    this.#hints += 1;
    const hint = this.#hints > diagnosticsShownMax ? "" : didYouMean(name.value, names);
    const verb = mode === "toggle" ? "enable or disable" : isOverride ? "override" : "append to";
    const message = `cannot ${verb} ${kind} "${name.value}"${hint || ": it is not defined before"}`;
    return errorAt({ code: "not-defined", message, span: name.span });
  }

  /** Without those that are wrong, so that what else is wrong with the rule shows too. */
  #checkExceptions(parts: RuleParts, faults: Diagnostic[]): RuleParts["exceptions"] {
    return parts.exceptions && checkExceptions(parts.exceptions, this.#fieldTest(parts), faults);
  }

  #fieldTest(parts: RuleParts): (text: string) => boolean {
    const name = sourceOf(parts);
    return (text) => !this.#around.isSource(name) || this.#around.isField(text, name);
  }

  /** True when no events of the rule's source are seen. */
  #checkSource(
    { name, parts }: RuleDefinition,
    earlier: CollectedRule | undefined,
    faults: Diagnostic[],
  ): boolean {
    const source = sourceOf(parts);
    const before = earlier === undefined ? source : sourceOf(earlier.parts);
    const span = parts.source?.span ?? name.span;
    if (earlier !== undefined && source !== before) {
      const message = `cannot change the source of rule "${name.value}" to "${source}"`;
      const first = earlier.parts.source?.span ?? earlier.name.span;
      const notes = [{ message: "first defined here", span: first }];
      faults.push(errorAt({ code: "source-changed", message, span, notes }));
      return false;
    }
    if (this.#around.isSource(source)) return false;
    const message = `rule "${name.value}" is not used: no events of source "${source}" are seen`;
    faults.push(warningAt({ code: "unknown-source", message, span }));
    return true;
  }
}

function sourceOf({ source }: RuleParts): string {
  return source?.value ?? defaultSource;
}

function collectList(
  { name, mode, items }: ListDefinition,
  lists: ReadonlyMap<string, CollectedList>,
  at: number,
): CollectedList | undefined {
  const earlier = lists.get(name.value);
  if (mode === "define") return { name, items, firstAt: earlier?.firstAt ?? at, lastAt: at };
  return earlier && { ...earlier, items: [...earlier.items, ...items], lastAt: at };
}

function collectMacro(
  { name, mode, condition }: MacroDefinition,
  macros: ReadonlyMap<string, CollectedMacro>,
  at: number,
): CollectedMacro | undefined {
  const earlier = macros.get(name.value);
  if (mode === "define") return { name, condition, firstAt: earlier?.firstAt ?? at, lastAt: at };
  return earlier && { ...earlier, condition: appended(earlier.condition, condition), lastAt: at };
}

/** The parts of a rule after an append or an override. */
function joinParts(
  earlier: RuleParts,
  { mode, parts }: RuleDefinition,
  context: { readonly faults: Diagnostic[]; readonly isField: (text: string) => boolean },
): RuleParts {
  if (mode === "replace") return replaceParts(earlier, parts);
  const { tags, exceptions } = parts;
  return {
    ...earlier,
    condition: appended(earlier.condition, parts.condition),
    output: appended(earlier.output, parts.output),
    desc: appended(earlier.desc, parts.desc),
    ...(tags === undefined ? {} : { tags: [...(earlier.tags ?? []), ...tags] }),
    ...(exceptions === undefined
      ? {}
      : { exceptions: appendExceptions(earlier.exceptions ?? [], exceptions, context) }),
  };
}

/** What is written replaces; exceptions are neither checked nor completed then, as upstream has it (quirk). */
function replaceParts(earlier: RuleParts, parts: RuleParts): RuleParts {
  const of = <K extends keyof RuleParts>(key: K): RuleParts[K] => parts[key] ?? earlier[key];
  const exceptions = parts.exceptions?.map((exception) => ({ ...exception, isUnchecked: true }));
  return {
    condition: of("condition"),
    output: of("output"),
    desc: of("desc"),
    priority: of("priority"),
    source: earlier.source,
    enabled: of("enabled"),
    tags: of("tags"),
    exceptions: exceptions ?? earlier.exceptions,
    skipsUnknownFields: of("skipsUnknownFields"),
    warnsOfEventTypes: of("warnsOfEventTypes"),
    capture: of("capture"),
    captureDurationMs: of("captureDurationMs"),
  };
}

/** Texts are joined with one blank, without parentheses. */
function appended<T extends LocatedText | undefined>(
  first: T,
  second: LocatedText | undefined,
): T | LocatedText {
  if (first === undefined || second === undefined) return second ?? first;
  return joinTexts([first, standIn(" ", { of: second, start: 0, end: 0 }), second]);
}
