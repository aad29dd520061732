// SPDX-License-Identifier: Apache-2.0
import type { Diagnostic } from "../text/diagnostic.ts";
import type { LangCode } from "../lang/diagnostic-texts.ts";
import type { RuleCode } from "./diagnostic-texts.ts";

/** Falco's codes of load results (falco_load_result.cpp), with the words that its JSON gives as `codedesc`. */
export const falcoCodeTexts = {
  LOAD_ERR_FILE_READ: "File read error",
  LOAD_ERR_YAML_PARSE: "YAML parse error",
  LOAD_ERR_YAML_VALIDATE: "Error validating internal structure of YAML file",
  LOAD_ERR_COMPILE_CONDITION: "Error compiling condition",
  LOAD_ERR_COMPILE_OUTPUT: "Error compiling output",
  LOAD_ERR_VALIDATE: "Error validating rule/macro/list/exception objects",
  LOAD_UNKNOWN_SOURCE: "Unknown event source",
  LOAD_UNSAFE_NA_CHECK: "Unsafe <NA> comparison in condition",
  LOAD_NO_EVTTYPE: "Condition has no event-type restriction",
  LOAD_UNKNOWN_FILTER: "Unknown field or event-type in condition or output",
  LOAD_UNUSED_MACRO: "Unused macro",
  LOAD_UNUSED_LIST: "Unused list",
  LOAD_UNKNOWN_ITEM: "Unknown rules file item",
  LOAD_DEPRECATED_ITEM: "Used deprecated item",
  LOAD_APPEND_NO_VALUES: "Overriding/appending with no values",
  LOAD_EXCEPTION_NAME_NOT_UNIQUE: "Multiple exceptions defined with the same name",
  LOAD_INVALID_MACRO_NAME: "Invalid macro name",
  LOAD_INVALID_LIST_NAME: "Invalid list name",
  LOAD_COMPILE_CONDITION: "Warning in rule condition",
  LOAD_UNKNOWN_KEY: "Unknown key in item definition",
} as const;

/** A code of Falco's. */
export type FalcoCode = keyof typeof falcoCodeTexts;

/** What Falco calls each of our faults; what it does not know is undefined. */
const falcoCodes: Readonly<Record<RuleCode | LangCode, FalcoCode | undefined>> = {
  "rule-file": "LOAD_ERR_YAML_VALIDATE",
  "empty-document": undefined,
  "unknown-item": "LOAD_UNKNOWN_ITEM",
  "unknown-item-key": "LOAD_UNKNOWN_KEY",
  "unknown-exception-key": undefined,
  "missing-item-key": "LOAD_ERR_YAML_VALIDATE",
  "wrong-type": "LOAD_ERR_YAML_VALIDATE",
  "invalid-macro-name": "LOAD_INVALID_MACRO_NAME",
  "invalid-list-name": "LOAD_INVALID_LIST_NAME",
  "list-growth": "LOAD_ERR_COMPILE_CONDITION",
  "not-defined": "LOAD_ERR_VALIDATE",
  "source-changed": "LOAD_ERR_VALIDATE",
  override: "LOAD_ERR_YAML_VALIDATE",
  "override-shape": "LOAD_ERR_VALIDATE",
  "override-ignored": undefined,
  "append-empty": "LOAD_ERR_VALIDATE",
  exception: "LOAD_ERR_VALIDATE",
  "exception-nothing": undefined,
  "exception-replaced": "LOAD_ERR_COMPILE_CONDITION",
  "exception-name": "LOAD_EXCEPTION_NAME_NOT_UNIQUE",
  "exception-values": "LOAD_APPEND_NO_VALUES",
  "unknown-priority": "LOAD_ERR_YAML_VALIDATE",
  "unknown-source": "LOAD_UNKNOWN_SOURCE",
  "unknown-fields-skipped": "LOAD_UNKNOWN_FILTER",
  "no-event-type": "LOAD_NO_EVTTYPE",
  "unsafe-missing-check": "LOAD_UNSAFE_NA_CHECK",
  "engine-version": "LOAD_ERR_VALIDATE",
  "engine-version-text": "LOAD_ERR_YAML_VALIDATE",
  "plugin-version": "LOAD_ERR_VALIDATE",
  "plugin-missing": undefined,
  deprecated: "LOAD_DEPRECATED_ITEM",
  output: "LOAD_ERR_COMPILE_OUTPUT",
  "output-field": "LOAD_ERR_COMPILE_OUTPUT",
  format: undefined,
  "unused-selection": undefined,
  "unused-macro": "LOAD_UNUSED_MACRO",
  "unused-list": "LOAD_UNUSED_LIST",
  syntax: "LOAD_ERR_COMPILE_CONDITION",
  "too-deep": "LOAD_ERR_COMPILE_CONDITION",
  "too-large": "LOAD_ERR_COMPILE_CONDITION",
  "unknown-field": "LOAD_ERR_COMPILE_CONDITION",
  "field-argument": "LOAD_ERR_COMPILE_CONDITION",
  "field-use": "LOAD_ERR_COMPILE_CONDITION",
  transformer: "LOAD_ERR_COMPILE_CONDITION",
  "operator-type": "LOAD_ERR_COMPILE_CONDITION",
  "bad-value": "LOAD_ERR_COMPILE_CONDITION",
  "number-cut": undefined,
  "unknown-value": "LOAD_ERR_COMPILE_CONDITION",
  "bad-regex": "LOAD_ERR_COMPILE_CONDITION",
  "right-field": "LOAD_ERR_COMPILE_CONDITION",
  "unknown-macro": "LOAD_ERR_VALIDATE",
  "macro-cycle": "LOAD_ERR_VALIDATE",
  "plain-regex": "LOAD_COMPILE_CONDITION",
  "field-as-text": "LOAD_COMPILE_CONDITION",
};

/** Falco's code for a fault; undefined where Falco would say nothing. */
export function falcoCodeOf({ code }: Pick<Diagnostic, "code">): FalcoCode | undefined {
  if (code.startsWith("yaml-")) return "LOAD_ERR_YAML_PARSE";
  if (code.startsWith("file-")) return "LOAD_ERR_FILE_READ";
  return isKnown(code) ? falcoCodes[code] : undefined;
}

function isKnown(code: string): code is keyof typeof falcoCodes {
  return Object.hasOwn(falcoCodes, code);
}
