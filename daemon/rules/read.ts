// SPDX-License-Identifier: Apache-2.0
import { errorAt, warningAt, type Diagnostic } from "../text/diagnostic.ts";
import { didYouMean } from "../text/nearest.ts";
import type { Source } from "../text/source.ts";
import { readYaml } from "../text/yaml.ts";
import { describeYaml, type YamlMap, type YamlNode } from "../text/yaml-node.ts";
import type { ListDefinition, MacroDefinition, ReadEntry } from "./definition.ts";
import { EntryReader } from "./entry-reader.ts";
import { readMode } from "./override.ts";
import { readRule } from "./read-rule.ts";
import { checkEngineVersion, readPluginVersions } from "./required-versions.ts";

/** What one rule file says, and everything that is wrong with it. */
export interface ReadResult {
  readonly entries: readonly ReadEntry[];
  /** Why the file is no YAML; there are no entries then. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads a rule file: any number of documents, each a list of entries. */
export function readRuleFile(source: Source): ReadResult {
  const { documents, diagnostics } = readYaml(source, { multiDocument: true });
  const lastRead = documents.findLastIndex((document) => !isNull(document));
  const entries = documents.flatMap((document, i) =>
    isNull(document) ? [emptyDocument(document, i < lastRead)] : readDocument(document),
  );
  return { entries, diagnostics };
}

function isNull(node: YamlNode): boolean {
  return node.kind === "scalar" && node.type === "null";
}

function emptyDocument({ span }: YamlNode, isFollowed: boolean): ReadEntry {
  const message = "an empty document: Falco reads no further than here";
  const diagnostics = isFollowed ? [warningAt({ code: "empty-document", message, span })] : [];
  return { diagnostics, isEmptyDocument: true };
}

function readDocument(document: YamlNode): readonly ReadEntry[] {
  if (document.kind !== "sequence") {
    const message = `cannot read ${describeYaml(document)} as rules: expected a list of entries`;
    return [{ diagnostics: [errorAt({ code: "rule-file", message, span: document.span })] }];
  }
  return document.items.filter((item) => !isNull(item)).flatMap(readEntry);
}

/** Reads one entry: a rule, a macro, a list, or what the file asks of the engine; in the steps that upstream takes. */
export function readEntry(item: YamlNode): readonly ReadEntry[] {
  if (item.kind !== "map") {
    const message = `cannot read ${describeYaml(item)} as an entry: expected a map such as "rule: …"`;
    return [{ diagnostics: [errorAt({ code: "rule-file", message, span: item.span })] }];
  }
  const reader = new EntryReader(item);
  if (reader.has("required_engine_version")) {
    checkEngineVersion(reader);
    return [reader.step()];
  }
  if (reader.has("required_plugin_versions")) return readPluginVersions(reader);
  if (reader.has("list")) return [reader.step(readList(reader))];
  if (reader.has("macro")) return [reader.step(readMacro(reader))];
  if (reader.has("rule")) return readRule(reader);
  warnUnknown(reader, item);
  return [reader.step()];
}

function warnUnknown(reader: EntryReader, item: YamlMap): void {
  const key = item.entries[0]?.key;
  const hint = didYouMean(key?.value ?? "", ["rule", "macro", "list"]);
  const message = `cannot use this entry${hint || ": expected a rule, a macro or a list"}`;
  reader.warn("unknown-item", message, key?.span ?? item.span);
}

const listKeys = new Set(["list", "items", "append", "override"]);
const macroKeys = new Set(["macro", "condition", "append", "override"]);

function readList(reader: EntryReader): ListDefinition | undefined {
  reader.warnOfUnknownKeys(listKeys);
  const name = reader.named("list");
  if (name === undefined) return undefined;
  if (/[()"' \t\n\v\f\r=,]/.test(name.value)) {
    reader.warn("invalid-list-name", `cannot use list "${name.value}" in conditions`, name.span);
  }
  reader.require("items", name, "list");
  const items = reader.texts("items");
  const mode = readMode(reader, "items", name);
  return items === undefined || mode === undefined
    ? undefined
    : { kind: "list", name, mode, items };
}

function readMacro(reader: EntryReader): MacroDefinition | undefined {
  reader.warnOfUnknownKeys(macroKeys);
  const name = reader.named("macro");
  if (name === undefined) return undefined;
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name.value)) {
    reader.warn("invalid-macro-name", `cannot use macro "${name.value}" in conditions`, name.span);
  }
  reader.require("condition", name, "macro");
  const condition = reader.text("condition");
  const mode = readMode(reader, "condition", name);
  if (condition === undefined || mode === undefined) return undefined;
  return { kind: "macro", name, mode, condition };
}
