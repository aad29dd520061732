// SPDX-License-Identifier: Apache-2.0
import { errorAt, type Diagnostic } from "./diagnostic.ts";
import type { Span } from "./source.ts";
import type { YamlEntry, YamlMap, YamlNode, YamlScalar } from "./yaml-node.ts";

/** The way from the root of a document to one of its nodes: keys of maps and indexes of lists. */
export type YamlPath = readonly (string | number)[];

/**
 * The document as plain values. Nothing (`key:`) becomes undefined, so that a key whose content is commented out
 * counts as left out; of a repeated key the first value is taken.
 */
export function plainValue(node: YamlNode): unknown {
  switch (node.kind) {
    case "map":
      return plainMap(node);
    case "sequence":
      return node.items.map(plainValue);
    case "scalar":
      return plainScalar(node);
  }
}

function plainMap(map: YamlMap): unknown {
  const values = new Map<string, unknown>();
  for (const { key, value } of map.entries)
    if (!values.has(key.value)) values.set(key.value, plainValue(value));
  return Object.fromEntries(values);
}

function plainScalar(scalar: YamlScalar): unknown {
  switch (scalar.type) {
    case "null":
      return undefined;
    case "boolean":
      return scalar.value.toLowerCase() === "true";
    case "integer":
    case "float":
      return Number(scalar.value);
    case "string":
      return scalar.value;
  }
}

/** The node at a path; undefined when there is none. */
export function nodeAt(root: YamlNode, path: YamlPath): YamlNode | undefined {
  let node: YamlNode | undefined = root;
  for (const step of path) {
    if (node?.kind === "map") node = entryOf(node, step)?.value;
    else if (node?.kind === "sequence") node = node.items[Number(step)];
    else return undefined;
  }
  return node;
}

/** The span of the value at a path; where there is none, the head of the innermost thing that lacks it. */
export function spanAt(root: YamlNode, path: YamlPath): Span {
  const node = nodeAt(root, path);
  if (node === undefined) return headSpanAt(root, path.slice(0, -1));
  if (node.span.end > node.span.start) return node.span;
  // A key without a value has an empty span; the key itself is the better place to show.
  return keySpanAt(root, path) ?? node.span;
}

function headSpanAt(root: YamlNode, path: YamlPath): Span {
  const node = nodeAt(root, path);
  if (node === undefined) return headSpanAt(root, path.slice(0, -1));
  const firstKey = node.kind === "map" ? node.entries[0]?.key.span : undefined;
  return firstKey ?? keySpanAt(root, path) ?? node.span;
}

/** The span of the last key of a path; undefined when the path ends in a list's item, or is not there. */
export function keySpanAt(root: YamlNode, path: YamlPath): Span | undefined {
  const last = path.at(-1);
  const parent = nodeAt(root, path.slice(0, -1));
  if (last === undefined || parent?.kind !== "map") return undefined;
  return entryOf(parent, last)?.key.span;
}

/** One error for each key that a map has twice. */
export function findRepeatedKeys(root: YamlNode): readonly Diagnostic[] {
  switch (root.kind) {
    case "scalar":
      return [];
    case "sequence":
      return root.items.flatMap(findRepeatedKeys);
    case "map":
      return [...repeatedIn(root), ...root.entries.flatMap(({ value }) => findRepeatedKeys(value))];
  }
}

function repeatedIn(map: YamlMap): readonly Diagnostic[] {
  const first = new Map<string, Span>();
  const repeated: Diagnostic[] = [];
  for (const { key } of map.entries) {
    const firstSpan = first.get(key.value);
    if (firstSpan === undefined) first.set(key.value, key.span);
    else
      repeated.push(
        errorAt({
          code: "repeated-key",
          message: `cannot use the key "${key.value}" twice in one map: remove one of them`,
          span: key.span,
          notes: [{ message: "first defined here", span: firstSpan }],
        }),
      );
  }
  return repeated;
}

function entryOf(map: YamlMap, step: string | number): YamlEntry | undefined {
  return map.entries.find(({ key }) => key.value === String(step));
}
