// SPDX-License-Identifier: Apache-2.0
import { priorities } from "../model/alert.ts";

const text = { type: "string", minLength: 1 } as const;
const flag = { enum: [true, false, "yes", "no", "on", "off"] } as const;
const texts = { type: "array", items: { type: ["string", "number", "boolean"] } } as const;

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
    priority: { enum: [...priorities, ...priorities.map((name) => name.toUpperCase()), "INFO"] },
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
