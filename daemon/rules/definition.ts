// rules: rule files in Falco's format. Comes in: sources, exec events. Goes out: a ruleset that tells which rules
// match, their outputs, diagnostics. Must not know: policies, actions, where files lie, what becomes of a match.
// SPDX-License-Identifier: Apache-2.0
import type { Priority } from "../model/alert.ts";
import type { Diagnostic } from "../text/diagnostic.ts";
import type { LocatedText } from "../text/located-text.ts";
import type { Span } from "../text/source.ts";

/** A short text and its place. */
export interface Named {
  readonly value: string;
  readonly span: Span;
}

/**
 * A step of reading: what (a part of) an entry says, and what was found wrong on the way to it. An entry may take
 * several steps, since upstream applies what it has read before it reads on.
 */
export interface ReadEntry {
  readonly definition?: Definition;
  readonly diagnostics: readonly Diagnostic[];
  /** Nothing stands here: upstream reads no further (quirk). */
  readonly isEmptyDocument?: boolean;
}

/** What one entry of a rule file says, before it is joined with what other entries say. */
export type Definition = ListDefinition | MacroDefinition | RuleDefinition | PluginDefinition;

/** `list` with its items; `append` adds to an earlier one. */
export interface ListDefinition {
  readonly kind: "list";
  readonly name: Named;
  readonly mode: "define" | "append";
  readonly items: readonly LocatedText[];
}

/** `macro` with its condition; `append` adds text to an earlier one. */
export interface MacroDefinition {
  readonly kind: "macro";
  readonly name: Named;
  readonly mode: "define" | "append";
  readonly condition: LocatedText;
}

/** `required_plugin_versions`. */
export interface PluginDefinition {
  readonly kind: "plugins";
  /** Each is met by any of its alternatives; the first names the plugin. */
  readonly requirements: readonly {
    readonly alternatives: readonly PluginVersion[];
    readonly span: Span;
  }[];
}

/** A plugin and the version that is asked of it. */
export interface PluginVersion {
  readonly name: string;
  readonly version: string;
}

/** What an override does with a key. */
export type OverrideMode = "append" | "replace";

/** `rule`: a definition, or a change to an earlier one. */
export interface RuleDefinition {
  readonly kind: "rule";
  readonly name: Named;
  /** `append` and `replace` change the parts that are there; `toggle`: only `enabled` is given. */
  readonly mode: "define" | "append" | "replace" | "toggle";
  /** Parts that were not written, or do not count for the mode, are undefined. */
  readonly parts: RuleParts;
  /** It stands under `override`. */
  readonly isOverride?: boolean;
}

/** The keys of a rule. */
export interface RuleParts {
  readonly condition: LocatedText | undefined;
  readonly output: LocatedText | undefined;
  readonly desc: LocatedText | undefined;
  readonly priority: Priority | undefined;
  readonly source: Named | undefined;
  readonly enabled: boolean | undefined;
  readonly tags: readonly string[] | undefined;
  readonly exceptions: readonly ExceptionDefinition[] | undefined;
  readonly skipsUnknownFields: boolean | undefined;
  readonly warnsOfEventTypes: boolean | undefined;
  readonly capture: boolean | undefined;
  readonly captureDurationMs: number | undefined;
}

/** No key of a rule. */
export const noParts: RuleParts = {
  condition: undefined,
  output: undefined,
  desc: undefined,
  priority: undefined,
  source: undefined,
  enabled: undefined,
  tags: undefined,
  exceptions: undefined,
  skipsUnknownFields: undefined,
  warnsOfEventTypes: undefined,
  capture: undefined,
  captureDurationMs: undefined,
};

/** One entry of `exceptions`; keys that were not written are undefined. */
export interface ExceptionDefinition {
  readonly name: Named;
  readonly fields: ExceptionCell | undefined;
  readonly comps: ExceptionCell | undefined;
  readonly values: readonly ExceptionCell[] | undefined;
  /** Set by `override: {exceptions: replace}`, which upstream neither checks nor completes (quirk). */
  readonly isUnchecked?: boolean;
}

/** A text, or a list of cells, as written. */
export type ExceptionCell =
  | { readonly kind: "text"; readonly text: LocatedText; readonly span: Span }
  | { readonly kind: "list"; readonly items: readonly ExceptionCell[]; readonly span: Span };
