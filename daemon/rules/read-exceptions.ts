// SPDX-License-Identifier: Apache-2.0
import { textAt } from "../text/located-text.ts";
import { didYouMean } from "../text/nearest.ts";
import { describeYaml, yamlValue, type YamlMap, type YamlNode } from "../text/yaml-node.ts";
import type { ExceptionCell, ExceptionDefinition, Named } from "./definition.ts";
import type { EntryReader } from "./entry-reader.ts";

const exceptionKeys = new Set(["name", "fields", "comps", "values"]);

/**
 * Reads `exceptions`; undefined when there are none. An addition to the exceptions of an earlier rule may leave out
 * the fields, and should have values.
 */
export function readExceptions(
  reader: EntryReader,
  isAddition: boolean,
): readonly ExceptionDefinition[] | undefined {
  const node = yamlValue(reader.map, "exceptions");
  if (node === undefined) return undefined;
  if (isNothing(node)) return [];
  const items = reader.items("exceptions", node);
  if (items === undefined) return undefined;
  const exceptions: ExceptionDefinition[] = [];
  for (const item of items) {
    const exception =
      item.kind === "map" ? readException(item, { exceptions, isAddition }, reader) : undefined;
    if (exception !== undefined) exceptions.push(exception);
    else if (item.kind !== "map") {
      const message = `cannot use ${describeYaml(item)} as an exception: expected a map with a name`;
      reader.error("wrong-type", message, item.span);
    }
  }
  return exceptions;
}

/** What stands before an exception in its list, and what the list is for. */
interface Around {
  readonly exceptions: readonly ExceptionDefinition[];
  readonly isAddition: boolean;
}

function readException(
  map: YamlMap,
  around: Around,
  reader: EntryReader,
): ExceptionDefinition | undefined {
  warnOfKeys(map, reader);
  const node = yamlValue(map, "name");
  if (node?.kind !== "scalar" || node.type === "null" || node.value === "") {
    reader.error("missing-item-key", "cannot use an exception without a name", map.span);
    return undefined;
  }
  const name = { value: node.value, span: node.span };
  warnOfTwins(name, around.exceptions, reader);
  if (yamlValue(map, "fields") === undefined && !around.isAddition) {
    const message = `cannot use exception "${name.value}": it has no fields`;
    reader.error("missing-item-key", message, name.span);
    return undefined;
  }
  const fields = readColumn(map, "fields", reader);
  const comps = readColumn(map, "comps", reader);
  const values = yamlValue(map, "values");
  const rows = values === undefined ? undefined : reader.items("values", values);
  if (values === undefined && around.isAddition) {
    reader.warn("exception-values", `exception "${name.value}" adds no values`, name.span);
  }
  return { name, fields, comps, values: rows?.flatMap((row) => readCell(row, reader) ?? []) };
}

function warnOfKeys(map: YamlMap, reader: EntryReader): void {
  for (const { key } of map.entries) {
    if (exceptionKeys.has(key.value)) continue;
    const hint = didYouMean(key.value, exceptionKeys) || ": expected name, fields, comps or values";
    const message = `cannot use key "${key.value}" in an exception${hint}`;
    reader.warn("unknown-exception-key", message, key.span);
  }
}

/** One warning for each earlier exception of that name, as upstream has it. */
function warnOfTwins(
  { value, span }: Named,
  earlier: readonly ExceptionDefinition[],
  reader: EntryReader,
): void {
  for (const { name } of earlier) {
    if (name.value !== value) continue;
    const message = `exception "${value}" is there twice: give each a name of its own`;
    reader.warnOfTwin("exception-name", message, { here: span, first: name.span });
  }
}

/** `fields` or `comps`; nothing, a map and an empty list are as good as absent, as upstream has it (quirk). */
function readColumn(map: YamlMap, key: string, reader: EntryReader): ExceptionCell | undefined {
  const node = yamlValue(map, key);
  const cell = node && readCell(node, reader);
  if (cell === undefined) return undefined;
  return cell.kind === "list"
    ? cell.items.length > 0
      ? cell
      : undefined
    : cell.text.value === ""
      ? undefined
      : cell;
}

/** Nothing and a map are read as an empty text, as upstream has it (quirk); an empty text is wrong. */
function readCell(node: YamlNode, reader: EntryReader): ExceptionCell | undefined {
  const { span } = node;
  if (node.kind === "sequence") {
    const items = node.items.flatMap((item) => readCell(item, reader) ?? []);
    return { kind: "list", items, span };
  }
  if (node.kind === "map" || isNothing(node)) {
    const message = `${describeYaml(node)} in an exception means no value: write text or a list`;
    reader.warn("exception-nothing", message, span);
    return { kind: "text", text: textAt("", span), span };
  }
  if (node.value !== "") return { kind: "text", text: node.text, span };
  reader.error("wrong-type", "cannot use an empty text in an exception", span);
  return undefined;
}

function isNothing(node: YamlNode): boolean {
  return node.kind === "scalar" && node.type === "null";
}
