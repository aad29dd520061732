// SPDX-License-Identifier: Apache-2.0
import { describeYaml, type YamlEntry, type YamlNode } from "../text/yaml-node.ts";
import type { Named, OverrideMode } from "./definition.ts";
import type { EntryReader } from "./entry-reader.ts";

/** `append: true` or `override: {key: append}` of a list or macro; replacing is defining again. */
export function readMode(
  reader: EntryReader,
  key: string,
  name: Named,
): "define" | "append" | undefined {
  const isAppended = reader.flag("append") === true;
  if (isAppended) warnOfAppend(reader);
  const overrides = readOverrides(reader, new Map([[key, ["append", "replace"]]]));
  if (refuseBoth(reader, name, { isAppended, overrides })) return undefined;
  const isOverrideAppend = overrides.items.some(({ mode }) => mode === "append");
  return isAppended || isOverrideAppend ? "append" : "define";
}

/** Warns that `append: true` has a successor. */
export function warnOfAppend(reader: EntryReader): void {
  const entry = reader.map.entries.find(({ key }) => key.value === "append");
  const message = "append is deprecated: write override with the keys to append";
  if (entry !== undefined) reader.warn("deprecated", message, entry.key.span);
}

/** Reports `append: true` beside an override; true when that is so. */
export function refuseBoth(
  reader: EntryReader,
  name: Named,
  { isAppended, overrides }: { readonly isAppended: boolean; readonly overrides: Overrides },
): boolean {
  if (!isAppended || overrides.items.length === 0) return false;
  const message = `cannot use append and override together in "${name.value}"`;
  reader.error("override", message, name.span);
  return true;
}

/** One line of `override`. */
export interface OverrideItem {
  readonly key: Named;
  readonly mode: OverrideMode;
}

/** The lines of `override` that are right, in their order; none when there is no override. */
export interface Overrides {
  readonly items: readonly OverrideItem[];
  readonly isFaulty: boolean;
}

/** Reads `override`; what each key allows is given. */
export function readOverrides(
  reader: EntryReader,
  allowed: ReadonlyMap<string, readonly OverrideMode[]>,
): Overrides {
  const node = reader.map.entries.find(({ key }) => key.value === "override")?.value;
  if (node === undefined) return { items: [], isFaulty: false };
  if (node.kind !== "map") return { items: [], isFaulty: !isIgnored(reader, node) };
  const read = node.entries.map((entry) => readOverride(reader, entry, allowed));
  const items = read.filter((item) => item !== undefined);
  return { items, isFaulty: items.length < read.length };
}

/** Nothing, a text and an empty list are passed over, as upstream has it (quirk); a list is wrong. */
function isIgnored(reader: EntryReader, node: Exclude<YamlNode, { kind: "map" }>): boolean {
  const isWrong = node.kind === "sequence" && node.items.length > 0;
  const what = describeYaml(node);
  const message = `cannot use ${what} as "override": expected a map of keys`;
  if (isWrong) reader.error("override-shape", message, node.span);
  else reader.warn("override-ignored", `${message}; it is passed over`, node.span);
  return !isWrong;
}

function readOverride(
  reader: EntryReader,
  { key, value }: YamlEntry,
  allowed: ReadonlyMap<string, readonly OverrideMode[]>,
): OverrideItem | undefined {
  const modes = allowed.get(key.value) ?? [];
  if (value.kind !== "scalar") {
    const message = `cannot use ${describeYaml(value)} for "${key.value}": expected append or replace`;
    reader.error("override-shape", message, value.span);
    return undefined;
  }
  const mode = modes.find((candidate) => candidate === value.value);
  if (mode !== undefined) return { key: { value: key.value, span: key.span }, mode };
  const expected =
    modes.length > 0
      ? `expected ${modes.join(" or ")}`
      : `only ${[...allowed.keys()].join(", ")} can be overridden`;
  const message = `cannot override "${key.value}" by "${value.value}": ${expected}`;
  reader.error("override", message, key.span);
  return undefined;
}
