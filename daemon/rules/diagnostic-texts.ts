// SPDX-License-Identifier: Apache-2.0
import type { DiagnosticTexts } from "../text/diagnostic-texts.ts";

/** The codes of faults in rule files, beside those of conditions. */
export const ruleDiagnosticTexts = {
  "rule-file":
    "A rule file is a list of entries; each is a map that starts with rule, macro or list.",
  "unknown-item": "An entry is neither a rule, nor a macro, nor a list. It is skipped.",
  "unknown-item-key": "The entry has no such key. It is skipped.",
  "missing-item-key": "The entry lacks a key that it must have.",
  "wrong-type": "The value of a key has the wrong shape.",
  "invalid-name":
    "Names of macros are letters, digits and _; names of lists have no blanks, quotes or brackets.",
  "not-defined": "An append or override needs an earlier definition of the same name.",
  override:
    "An override lists a key that is not there, may not be overridden so, or forgets one that is there.",
  exception: "An exception has the wrong fields, comparisons or values.",
  "exception-values": "An exception adds no values, so it changes nothing.",
  "unknown-priority":
    "Priorities are Emergency, Alert, Critical, Error, Warning, Notice, Informational and Debug.",
  "unknown-source": "No events of this source are seen here. The rule is not used.",
  "unknown-fields-skipped":
    "The rule has skip-if-unknown-filter and uses an unknown field. It is not used.",
  "engine-version": "The file asks for a newer rule language than this one.",
  "plugin-version": "The file asks for a plugin that is not built in.",
  deprecated: "This spelling works, but there is a newer one.",
  output: "The output has a % without a known field behind it.",
  "unused-macro": "No rule uses this macro.",
  "unused-list": "No rule or macro uses this list.",
} as const satisfies DiagnosticTexts;

/** A code of this room. */
export type RuleCode = keyof typeof ruleDiagnosticTexts;
