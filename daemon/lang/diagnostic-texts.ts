// SPDX-License-Identifier: Apache-2.0
import type { DiagnosticTexts } from "../text/diagnostic-texts.ts";

/** The codes of faults in conditions. */
export const langDiagnosticTexts = {
  syntax:
    "The text is not a condition: the mark shows where reading stopped and what was expected there.",
  "too-deep": "Parentheses, negations or macros are nested deeper than is read (about 199 levels).",
  "too-large": "With its macros written out, the condition has more checks than are compiled.",
  "unknown-field": "No field has this name.",
  "field-argument": "The field needs an argument (`field[argument]`), takes none, or not this one.",
  "field-use": "The field exists but may not be used in this place.",
  transformer: "A transformer got the wrong arguments.",
  "operator-type": "The operator does not work on fields of this type.",
  "bad-value": "The value is none that the field can have.",
  "number-cut":
    "The number does not fit into the type of the field; what is left of it is compared, as Falco does.",
  "unknown-value":
    "The field only has certain values, such as names of events; this is none of them.",
  "bad-regex": "The pattern is not a regular expression in POSIX syntax.",
  "right-field": "The field on the right cannot be compared with the one on the left.",
  "unknown-macro": "No macro has this name, or it is defined after the macro that uses it.",
  "macro-cycle": "A macro refers to itself, directly or through others.",
  "plain-regex":
    "The pattern has no special character: startswith, endswith, contains or = do the same for less.",
  "field-as-text":
    "The name of a field stands where text is expected and is taken as text: val(field) reads it.",
} as const satisfies DiagnosticTexts;

/** A code of this room. */
export type LangCode = keyof typeof langDiagnosticTexts;
