// SPDX-License-Identifier: Apache-2.0
import { priorities, priorityNamed, type Priority } from "../model/alert.ts";
import { didYouMean } from "../text/nearest.ts";
import { describeYaml, yamlValue, type YamlMap, type YamlNode } from "../text/yaml-node.ts";
import type {
  ExceptionCell,
  ExceptionDefinition,
  Named,
  OverrideMode,
  RuleDefinition,
  RuleParts,
} from "./definition.ts";
import type { EntryReader } from "./entry-reader.ts";
import { readOverrides, warnOfAppend } from "./override.ts";

/** What an override may do with each key of a rule. */
const overridable: ReadonlyMap<string, readonly OverrideMode[]> = new Map([
  ["condition", ["append", "replace"]],
  ["output", ["append", "replace"]],
  ["desc", ["append", "replace"]],
  ["priority", ["replace"]],
  ["enabled", ["replace"]],
  ["tags", ["append", "replace"]],
  ["exceptions", ["append", "replace"]],
  ["warn_evttypes", ["replace"]],
  ["skip-if-unknown-filter", ["replace"]],
  ["capture", ["replace"]],
  ["capture_duration", ["replace"]],
]);

const ruleKeys = new Set(["rule", "source", "append", "override", ...overridable.keys()]);
const requiredKeys = ["condition", "output", "desc", "priority"] as const;

/** Reads a rule, or a change to one. */
export function readRule(reader: EntryReader): RuleDefinition | undefined {
  reader.warnOfUnknownKeys(ruleKeys);
  const name = reader.named("rule");
  if (name === undefined) return undefined;
  const parts = readParts(reader);
  const isAppended = reader.flag("append") === true;
  if (isAppended) warnOfAppend(reader);
  const overrides = readRuleOverrides(reader, name);
  if (isAppended && overrides !== undefined) {
    reader.error(
      "override",
      `cannot use append and override together in "${name.value}"`,
      name.span,
    );
    return undefined;
  }
  if (isAppended) {
    checkAppend(reader, name);
    return { kind: "rule", name, mode: "append", parts, overrides: new Map() };
  }
  if (overrides !== undefined) return { kind: "rule", name, mode: "override", parts, overrides };
  const isToggle = reader.has("enabled") && !requiredKeys.some((key) => reader.has(key));
  if (isToggle) {
    const message = "a rule with only enabled is deprecated: write override with enabled: replace";
    reader.warn("deprecated", message, name.span);
  } else for (const key of requiredKeys) reader.require(key, name, "rule");
  const mode = isToggle ? "toggle" : "define";
  return { kind: "rule", name, mode, parts, overrides: new Map() };
}

function readParts(reader: EntryReader): RuleParts {
  return {
    condition: reader.text("condition"),
    output: reader.text("output"),
    desc: reader.text("desc"),
    priority: readPriority(reader),
    source: reader.named("source"),
    enabled: reader.flag("enabled"),
    tags: reader.texts("tags")?.map(({ value }) => value),
    exceptions: readExceptions(reader),
    skipsUnknownFields: reader.flag("skip-if-unknown-filter"),
    warnsOfEventTypes: reader.flag("warn_evttypes"),
    capture: reader.flag("capture"),
    captureDurationMs: reader.count("capture_duration"),
  };
}

function readPriority(reader: EntryReader): Priority | undefined {
  const named = reader.named("priority");
  const found = named && priorityNamed(named.value);
  if (named === undefined || found !== undefined) return found;
  const hint = didYouMean(named.value, priorities) || `: expected one of ${priorities.join(", ")}`;
  reader.error("unknown-priority", `cannot use priority "${named.value}"${hint}`, named.span);
  return undefined;
}

function checkAppend(reader: EntryReader, name: Named): void {
  if (reader.has("condition") || reader.has("exceptions")) return;
  const message = `cannot append to rule "${name.value}": expected a condition or exceptions`;
  reader.error("missing-item-key", message, name.span);
}

function readRuleOverrides(
  reader: EntryReader,
  name: Named,
): ReadonlyMap<string, OverrideMode> | undefined {
  const items = readOverrides(reader);
  if (items === undefined) return undefined;
  const overrides = new Map<string, OverrideMode>();
  for (const { key, mode } of items) {
    const allowed = overridable.get(key.value);
    const found = allowed?.find((candidate) => candidate === mode);
    if (allowed === undefined) {
      reader.error("override", `cannot override "${key.value}"`, key.span);
    } else if (found === undefined) {
      const message = `cannot override "${key.value}" by "${mode}": expected ${allowed.join(" or ")}`;
      reader.error("override", message, key.span);
    } else if (!reader.has(key.value)) {
      reader.error(
        "override",
        `cannot override "${key.value}": the entry does not have it`,
        key.span,
      );
    } else overrides.set(key.value, found);
  }
  const listed = new Set(items.map(({ key }) => key.value));
  for (const { key } of reader.map.entries) {
    if (!overridable.has(key.value) || listed.has(key.value)) continue;
    const message = `cannot tell what to do with "${key.value}" of rule "${name.value}": list it under override`;
    reader.error("override", message, key.span);
  }
  return overrides;
}

const exceptionKeys = new Set(["name", "fields", "comps", "values"]);

function readExceptions(reader: EntryReader): readonly ExceptionDefinition[] | undefined {
  const node = yamlValue(reader.map, "exceptions");
  if (node === undefined) return undefined;
  const isEmpty = node.kind === "scalar" && node.type === "null";
  const items = isEmpty ? [] : (reader.items("exceptions", node) ?? []);
  const isAddition = ["append", "override"].some((key) => reader.has(key));
  const exceptions: ExceptionDefinition[] = [];
  for (const item of items) {
    const exception = item.kind === "map" ? readException(item, reader) : undefined;
    if (exception !== undefined) {
      warnOfException(exception, { exceptions, isAddition }, reader);
      exceptions.push(exception);
    } else if (item.kind !== "map") {
      const message = `cannot use ${describeYaml(item)} as an exception: expected a map with a name`;
      reader.error("wrong-type", message, item.span);
    }
  }
  return exceptions;
}

function warnOfException(
  { name, values }: ExceptionDefinition,
  earlier: { readonly exceptions: readonly ExceptionDefinition[]; readonly isAddition: boolean },
  reader: EntryReader,
): void {
  const twin = earlier.exceptions.find((other) => other.name.value === name.value);
  if (twin !== undefined) {
    const message = `exception "${name.value}" is there twice: give each a name of its own`;
    reader.warnOfTwin("exception-name", message, { here: name.span, first: twin.name.span });
  }
  if (earlier.isAddition && values === undefined) {
    reader.warn("exception-values", `exception "${name.value}" adds no values`, name.span);
  }
}

function readException(map: YamlMap, reader: EntryReader): ExceptionDefinition | undefined {
  for (const { key } of map.entries) {
    if (exceptionKeys.has(key.value)) continue;
    const hint = didYouMean(key.value, exceptionKeys);
    const message = `cannot use key "${key.value}" in an exception${hint}`;
    reader.warn("unknown-exception-key", message, key.span);
  }
  const name = yamlValue(map, "name");
  if (name?.kind !== "scalar" || name.type === "null" || name.value === "") {
    reader.error("missing-item-key", "cannot use an exception without a name", map.span);
    return undefined;
  }
  const fields = yamlValue(map, "fields");
  const comps = yamlValue(map, "comps");
  const values = yamlValue(map, "values");
  const rows = values === undefined ? undefined : reader.items("values", values);
  return {
    name: { value: name.value, span: name.span },
    fields: fields && readCell(fields, reader),
    comps: comps && readCell(comps, reader),
    values: rows?.flatMap((row) => readCell(row, reader) ?? []),
  };
}

function readCell(node: YamlNode, reader: EntryReader): ExceptionCell | undefined {
  const { span } = node;
  if (node.kind === "scalar") return { kind: "text", text: node.text, span };
  if (node.kind === "sequence") {
    return {
      kind: "list",
      items: node.items.flatMap((item) => readCell(item, reader) ?? []),
      span,
    };
  }
  reader.error("wrong-type", "cannot use a map here: expected text or a list", span);
  return undefined;
}
