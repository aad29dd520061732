// SPDX-License-Identifier: Apache-2.0
import type { LocatedText } from "./located-text.ts";
import type { Span } from "./source.ts";

/** A YAML document as a tree with places. Aliases are resolved; anchors and comments are gone. */
export type YamlNode = YamlMap | YamlSequence | YamlScalar;

/** A mapping: pairs in written order, repeated keys kept. */
export interface YamlMap {
  readonly kind: "map";
  readonly entries: readonly YamlEntry[];
  readonly span: Span;
}

/** One pair of a mapping. */
export interface YamlEntry {
  readonly key: YamlScalar;
  readonly value: YamlNode;
}

/** A sequence. */
export interface YamlSequence {
  readonly kind: "sequence";
  readonly items: readonly YamlNode[];
  readonly span: Span;
}

/** What the YAML 1.2 core schema makes of a scalar; quoted and block scalars are strings unless tagged. */
export type YamlScalarType = "null" | "boolean" | "integer" | "float" | "string";

/** A scalar. A value left out (`key:`) is a null scalar with an empty text. */
export interface YamlScalar {
  readonly kind: "scalar";
  readonly type: YamlScalarType;
  /** The text after unquoting and unfolding, whatever the type. */
  readonly value: string;
  /** The same text with the way back to the file. */
  readonly text: LocatedText;
  readonly span: Span;
}

/** The value of a key, the first one where it is repeated. */
export function yamlValue(map: YamlMap, key: string): YamlNode | undefined {
  return map.entries.find((entry) => entry.key.value === key)?.value;
}

/** Words for a message: "a map", "a list", "text". */
export function describeYaml(node: YamlNode): string {
  switch (node.kind) {
    case "map":
      return "a map";
    case "sequence":
      return "a list";
    case "scalar":
      return scalarWords[node.type];
  }
}

const scalarWords = {
  null: "nothing",
  boolean: "true or false",
  integer: "a number",
  float: "a number",
  string: "text",
} as const satisfies Record<YamlScalarType, string>;
