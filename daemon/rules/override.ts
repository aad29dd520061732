// SPDX-License-Identifier: Apache-2.0
import { describeYaml } from "../text/yaml-node.ts";
import type { Named } from "./definition.ts";
import type { EntryReader } from "./entry-reader.ts";

/** `append: true` or `override: {key: append}`; replacing is defining again. */
export function readMode(reader: EntryReader, key: string, name: Named): "define" | "append" {
  const isAppended = reader.flag("append") === true;
  if (isAppended) warnOfAppend(reader);
  const overrides = readOverrides(reader);
  if (isAppended && overrides !== undefined) {
    reader.error(
      "override",
      `cannot use append and override together in "${name.value}"`,
      name.span,
    );
  }
  for (const item of overrides ?? []) {
    if (item.key.value === key && (item.mode === "append" || item.mode === "replace")) continue;
    const message = `cannot override "${item.key.value}" by "${item.mode}" here: only ${key}, by append or replace`;
    reader.error("override", message, item.key.span);
  }
  const isOverrideAppend =
    overrides?.some((item) => item.key.value === key && item.mode === "append") === true;
  return isAppended || isOverrideAppend ? "append" : "define";
}

/** Warns that `append: true` has a successor. */
export function warnOfAppend(reader: EntryReader): void {
  const entry = reader.map.entries.find(({ key }) => key.value === "append");
  const message = "append is deprecated: write override with the keys to append";
  if (entry !== undefined) reader.warn("deprecated", message, entry.key.span);
}

/** One line of `override`. */
export interface OverrideItem {
  readonly key: Named;
  readonly mode: string;
}

/** The lines of `override`; undefined when there is none. */
export function readOverrides(reader: EntryReader): readonly OverrideItem[] | undefined {
  const node = reader.map.entries.find(({ key }) => key.value === "override")?.value;
  if (node === undefined) return undefined;
  if (node.kind !== "map") {
    const message = `cannot use ${describeYaml(node)} as "override": expected a map of keys`;
    reader.error("wrong-type", message, node.span);
    return [];
  }
  if (node.entries.length === 0) return undefined;
  return node.entries.map(({ key, value }) => ({
    key: { value: key.value, span: key.span },
    mode: value.kind === "scalar" ? value.value : describeYaml(value),
  }));
}
