// SPDX-License-Identifier: Apache-2.0
import type { DiagnosticTexts } from "../text/diagnostic-texts.ts";

/** The codes of faults in rule files, beside those of conditions. */
export const ruleDiagnosticTexts = {
  "rule-file":
    "A rule file is a list of entries; each is a map that starts with rule, macro or list.",
  "empty-document": "A document between `---` lines is empty. Falco reads no further in that file.",
  "unknown-item": "An entry is neither a rule, nor a macro, nor a list. It is skipped.",
  "unknown-item-key": "The entry has no such key. It is skipped.",
  "unknown-exception-key": "An exception has no such key. It is skipped.",
  "missing-item-key": "The entry lacks a key that it must have.",
  "wrong-type": "The value of a key has the wrong shape.",
  "invalid-macro-name": "Names of macros are letters, digits and _, starting with a letter.",
  "invalid-list-name": "Names of lists have no blanks, quotes, brackets, commas or equals signs.",
  "list-growth":
    "A condition has at most 100,000 names of lists and 4,194,304 characters, lists and the lists in these written out.",
  "not-defined": "An append or override needs an earlier definition of the same name.",
  "source-changed": "A rule that is defined again must keep its source.",
  override:
    "An override lists a key that is not there, may not be overridden so, or forgets one that is there.",
  "override-shape": "An override is a map: each key of it says append or replace.",
  "override-ignored": "An override that is no map says nothing. Falco passes over it.",
  "append-empty": "A rule with `append: true` needs a condition or exceptions to append.",
  exception: "An exception has the wrong fields, comparisons or values.",
  "exception-nothing":
    "Nothing, or a map, stands where an exception has text or a list. Falco reads it as no value.",
  "exception-replaced":
    "Exceptions that replace others (`override: {exceptions: replace}`) must say fields, comps and values.",
  "exception-name": "Two exceptions of one entry have the same name.",
  "exception-values": "An exception adds no values, so it changes nothing.",
  "unknown-priority":
    "Priorities are Emergency, Alert, Critical, Error, Warning, Notice, Informational and Debug.",
  "unknown-source": "No events of this source are seen here. The rule is not used.",
  "unknown-fields-skipped":
    "The rule has skip-if-unknown-filter and uses an unknown field. It is not used.",
  "no-event-type":
    "The condition does not say which events it is about (evt.type), so that every event must be looked at.",
  "unsafe-missing-check":
    "A field is compared with the text <NA>: write `exists`, since a missing value is not this text.",
  "engine-version": "The file asks for a newer rule language than this one.",
  "engine-version-text": "A version is a whole number or x.y.z.",
  "plugin-version": "Plugin versions are x.y.z, and a plugin is named once among alternatives.",
  "plugin-missing": "The file asks for a plugin that is not built in, or for a newer one.",
  deprecated: "This spelling works, but there is a newer one.",
  output: "The output has a % without a field behind it, or nothing at all.",
  "output-field": "The output has a % without a known field behind it.",
  format: "The file cannot be laid out anew without changing what it says. It is left as it is.",
  "unused-selection": "An entry of the configuration list `rules` is about no rule that is loaded.",
  "unused-macro": "No rule uses this macro.",
  "unused-list": "No rule or macro uses this list.",
} as const satisfies DiagnosticTexts;

/** A code of this room. */
export type RuleCode = keyof typeof ruleDiagnosticTexts;
