// SPDX-License-Identifier: Apache-2.0
import { priorities } from "../model/alert.ts";
import { truthWords } from "./entry-reader.ts";

const text = { type: "string", minLength: 1 } as const;
const flag = { enum: [true, false, ...truthWords.keys()] };
// The names for an editor to offer, and any case of them.
const priority = {
  anyOf: [{ enum: priorities }, { type: "string", pattern: anyCaseOf([...priorities, "info"]) }],
};
const texts = { type: "array", items: { type: ["string", "number", "boolean"] } } as const;

// JSON Schema has no flag for it (RFC 9485 and ECMA-262 patterns as they stand).
function anyCaseOf(names: readonly string[]): string {
  const letters = (name: string): string =>
    name.replace(/[a-z]/gi, (letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`);
  return `^(?:${names.map(letters).join("|")})$`;
}

function overrides(keys: Readonly<Record<string, readonly string[]>>): object {
  const properties = Object.fromEntries(
    Object.entries(keys).map(([key, modes]) => [key, { enum: modes }]),
  );
  return { type: "object", properties, additionalProperties: false };
}

const both = ["append", "replace"];

const exception = {
  type: "object",
  required: ["name"],
  properties: {
    name: text,
    fields: { type: ["string", "array"] },
    comps: { type: ["string", "array"] },
    values: { type: "array" },
  },
  additionalProperties: false,
};

const rule = {
  type: "object",
  required: ["rule"],
  properties: {
    rule: text,
    condition: text,
    output: text,
    desc: text,
    priority,
    source: text,
    enabled: flag,
    tags: texts,
    exceptions: { type: ["array", "null"], items: exception },
    warn_evttypes: flag,
    "skip-if-unknown-filter": flag,
    capture: flag,
    capture_duration: { type: "integer", minimum: 0 },
    append: { ...flag, deprecated: true },
    override: overrides({
      condition: both,
      output: both,
      desc: both,
      tags: both,
      exceptions: both,
      priority: ["replace"],
      enabled: ["replace"],
      warn_evttypes: ["replace"],
      "skip-if-unknown-filter": ["replace"],
      capture: ["replace"],
      capture_duration: ["replace"],
    }),
  },
  additionalProperties: false,
};

const macro = {
  type: "object",
  required: ["macro", "condition"],
  properties: {
    macro: text,
    condition: text,
    append: flag,
    override: overrides({ condition: both }),
  },
  additionalProperties: false,
};

const list = {
  type: "object",
  required: ["list", "items"],
  properties: { list: text, items: texts, append: flag, override: overrides({ items: both }) },
  additionalProperties: false,
};

const requirement = {
  type: "object",
  required: ["name", "version"],
  properties: { name: text, version: text, alternatives: { type: "array" } },
};

/** The JSON Schema of rule files, for editors; `rules check` is the judge. */
export const ruleFileSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "Falco rule file",
  type: "array",
  items: {
    anyOf: [
      rule,
      macro,
      list,
      { type: "object", required: ["required_engine_version"] },
      {
        type: "object",
        required: ["required_plugin_versions"],
        properties: { required_plugin_versions: { type: "array", items: requirement } },
      },
    ],
  },
};
