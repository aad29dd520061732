// SPDX-License-Identifier: Apache-2.0
import { errorAt, warningAt, type Diagnostic } from "../text/diagnostic.ts";
import type { Source } from "../text/source.ts";
import { readYaml } from "../text/yaml.ts";
import { describeYaml, type YamlMap, type YamlNode } from "../text/yaml-node.ts";
import type { Definition, ListDefinition, MacroDefinition } from "./definition.ts";
import { EntryReader } from "./entry-reader.ts";
import { readMode } from "./override.ts";
import { readRule } from "./read-rule.ts";
import { checkEngineVersion, checkPluginVersions } from "./required-versions.ts";

/** What one rule file says, and everything that is wrong with it. */
export interface ReadResult {
  readonly definitions: readonly Definition[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads a rule file: any number of documents, each a list of entries. */
export function readRuleFile(source: Source): ReadResult {
  const { documents, diagnostics: faults } = readYaml(source, { multiDocument: true });
  const diagnostics = [...faults];
  const definitions: Definition[] = [];
  for (const document of documents) {
    for (const entry of entriesOf(document, diagnostics)) {
      const definition = readEntry(entry, diagnostics);
      if (definition !== undefined) definitions.push(definition);
    }
  }
  return { definitions, diagnostics };
}

function isNull(node: YamlNode): boolean {
  return node.kind === "scalar" && node.type === "null";
}

function entriesOf(document: YamlNode, diagnostics: Diagnostic[]): readonly YamlMap[] {
  if (isNull(document)) return [];
  const items = document.kind === "sequence" ? document.items : [document];
  if (document.kind !== "sequence") {
    const message = `cannot read ${describeYaml(document)} as rules: expected a list of entries`;
    diagnostics.push(errorAt({ code: "rule-file", message, span: document.span }));
    return [];
  }
  const entries: YamlMap[] = [];
  for (const item of items) {
    if (item.kind === "map") entries.push(item);
    else if (!isNull(item)) {
      const message = `cannot read ${describeYaml(item)} as an entry: expected a map such as "rule: …"`;
      diagnostics.push(errorAt({ code: "rule-file", message, span: item.span }));
    }
  }
  return entries;
}

function readEntry(map: YamlMap, diagnostics: Diagnostic[]): Definition | undefined {
  const reader = new EntryReader(map, diagnostics);
  if (reader.has("required_engine_version")) {
    checkEngineVersion(reader);
    return undefined;
  }
  if (reader.has("required_plugin_versions")) {
    checkPluginVersions(reader);
    return undefined;
  }
  if (reader.has("list")) return readList(reader);
  if (reader.has("macro")) return readMacro(reader);
  if (reader.has("rule")) return readRule(reader);
  const first = map.entries[0]?.key;
  const message = `cannot use this entry: expected a rule, a macro or a list`;
  diagnostics.push(warningAt({ code: "unknown-item", message, span: first?.span ?? map.span }));
  return undefined;
}

const listKeys = new Set(["list", "items", "append", "override"]);
const macroKeys = new Set(["macro", "condition", "append", "override"]);

function readList(reader: EntryReader): ListDefinition | undefined {
  reader.warnOfUnknownKeys(listKeys);
  const name = reader.named("list");
  if (name === undefined) return undefined;
  if (/[()"'\s=,]/.test(name.value)) {
    reader.warn("invalid-name", `cannot use list "${name.value}" in conditions`, name.span);
  }
  reader.require("items", name, "list");
  const items = reader.texts("items");
  const mode = readMode(reader, "items", name);
  return items === undefined ? undefined : { kind: "list", name, mode, items };
}

function readMacro(reader: EntryReader): MacroDefinition | undefined {
  reader.warnOfUnknownKeys(macroKeys);
  const name = reader.named("macro");
  if (name === undefined) return undefined;
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name.value)) {
    reader.warn("invalid-name", `cannot use macro "${name.value}" in conditions`, name.span);
  }
  reader.require("condition", name, "macro");
  const condition = reader.text("condition");
  const mode = readMode(reader, "condition", name);
  return condition === undefined ? undefined : { kind: "macro", name, mode, condition };
}
