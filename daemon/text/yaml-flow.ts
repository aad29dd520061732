// SPDX-License-Identifier: Apache-2.0
import type { Source } from "./source.ts";
import { readYaml } from "./yaml.ts";
import { yamlValue, type YamlNode } from "./yaml-node.ts";

/**
 * Writes a node as YAML on one line, from which the same node is read but for its places: strings quoted, all other
 * scalars as they were written.
 */
export function flowText(node: YamlNode): string {
  switch (node.kind) {
    case "map": {
      const pairs = node.entries.map(({ key, value }) => `${flowText(key)}: ${flowText(value)}`);
      return `{${pairs.join(", ")}}`;
    }
    case "sequence":
      return `[${node.items.map(itemText).join(", ")}]`;
    case "scalar":
      // Quoted line breaks and line separators would be folded: JSON escapes the first, not the others.
      return node.type === "string"
        ? JSON.stringify(node.value).replaceAll(
            /[\u0085\u2028\u2029]/g,
            (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
          )
        : node.value;
  }
}

// Nothing at all stands for nothing as a value, and is no item.
function itemText(node: YamlNode): string {
  const text = flowText(node);
  return text === "" ? "null" : text;
}

/**
 * One text for each entry of a file that was found to be sound, in order: with a key, the items of the list under that
 * key; without, those of the top-level lists. So the work of reading a long file comes in small pieces. A file of another
 * form stays as it is.
 */
export function splitEntries(source: Source, key?: string): readonly Source[] {
  const { documents } = readYaml(source, { multiDocument: key === undefined });
  const pieces = documents.flatMap((document) => {
    const list = key === undefined ? document : listAt(document, key);
    if (list?.kind !== "sequence") return undefined;
    return list.items.map((item) => {
      const text = `[${itemText(item)}]`;
      return { name: source.name, text: key === undefined ? text : `${key}: ${text}` };
    });
  });
  const entries = pieces.filter((piece) => piece !== undefined);
  return entries.length === pieces.length && entries.length > 0 ? entries : [source];
}

// Only where the list is all that the map has.
function listAt(document: YamlNode, key: string): YamlNode | undefined {
  return document.kind === "map" && document.entries.length === 1
    ? yamlValue(document, key)
    : undefined;
}
