// SPDX-License-Identifier: Apache-2.0
import { wholeSource } from "./located-text.ts";
import type { Span } from "./source.ts";
import type { YamlNode, YamlScalar, YamlScalarType } from "./yaml-node.ts";

/**
 * Plain JSON data as the tree that a YAML document of the same content would be. Nobody wrote it in a file: each text is
 * a source of its own, named by the keys that lead to it, so that places inside it are exact.
 */
export function plainNode(value: unknown, name: string): YamlNode {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const nodes = items.map((item, i) => plainNode(item, `${name}[${i}]`));
    return { kind: "sequence", items: nodes, span: emptySpan(name) };
  }
  if (typeof value !== "object" || value === null) return plainScalar(value, name);
  const entries = Object.entries(value).map(([key, item]: [string, unknown]) => ({
    key: plainScalar(key, key),
    value: plainNode(item, key),
  }));
  return { kind: "map", entries, span: emptySpan(name) };
}

function plainScalar(value: unknown, name: string): YamlScalar {
  const text = textOf(value);
  const located = wholeSource({ name, text });
  const span = located.spanOf(0, text.length);
  return { kind: "scalar", type: typeOf(value), value: text, text: located, span };
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return value.toString();
  return typeof value === "boolean" ? String(value) : "";
}

function typeOf(value: unknown): YamlScalarType {
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "bigint") return "integer";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "float";
  return typeof value === "string" ? "string" : "null";
}

function emptySpan(name: string): Span {
  return { source: { name, text: "" }, start: 0, end: 0 };
}
