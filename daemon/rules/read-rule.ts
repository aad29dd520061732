// SPDX-License-Identifier: Apache-2.0
import { priorities, priorityNamed, type Priority } from "../model/alert.ts";
import { trimText } from "../text/located-text.ts";
import { nearestName } from "../text/nearest.ts";
import {
  noParts,
  type Named,
  type OverrideMode,
  type ReadEntry,
  type RuleDefinition,
  type RuleParts,
} from "./definition.ts";
import type { EntryReader } from "./entry-reader.ts";
import { readOverrides, refuseBoth, warnOfAppend, type OverrideItem } from "./override.ts";
import { readExceptions } from "./read-exceptions.ts";

/** What an override may do with each key of a rule, in upstream's order of reading. */
const overridable: ReadonlyMap<string, readonly OverrideMode[]> = new Map([
  ["condition", ["append", "replace"]],
  ["exceptions", ["append", "replace"]],
  ["output", ["append", "replace"]],
  ["desc", ["append", "replace"]],
  ["tags", ["append", "replace"]],
  ["priority", ["replace"]],
  ["enabled", ["replace"]],
  ["warn_evttypes", ["replace"]],
  ["skip-if-unknown-filter", ["replace"]],
  ["capture", ["replace"]],
  ["capture_duration", ["replace"]],
]);

const ruleKeys = new Set(["rule", "source", "append", "override", ...overridable.keys()]);
const requiredKeys = ["condition", "output", "desc", "priority"] as const;

/**
 * Reads a rule, or a change to one. Only the keys that count for that are looked at, in upstream's order: the first
 * fault decides what Falco answers.
 */
export function readRule(reader: EntryReader): readonly ReadEntry[] {
  reader.warnOfUnknownKeys(ruleKeys);
  const name = reader.named("rule");
  if (name === undefined) return [reader.step()];
  const isAppended = reader.flag("append") === true;
  if (isAppended) warnOfAppend(reader);
  const overrides = readOverrides(reader, overridable);
  if (overrides.isFaulty || refuseBoth(reader, name, { isAppended, overrides })) {
    return [reader.step()];
  }
  if (overrides.items.length > 0) return readChanges(reader, name, overrides.items);
  if (isAppended) return [reader.step(readAddition(reader, name))];
  const isToggle = !requiredKeys.some((key) => reader.has(key));
  return [reader.step(isToggle ? readToggle(reader, name) : readDefinition(reader, name))];
}

/** `append: true`: a condition, exceptions, or both. */
function readAddition(reader: EntryReader, name: Named): RuleDefinition {
  if (!reader.has("condition") && !reader.has("exceptions")) {
    const message = `cannot append to rule "${name.value}": expected a condition or exceptions`;
    reader.error("append-empty", message, name.span);
  }
  const condition = reader.text("condition");
  const exceptions = readExceptions(reader, true);
  return { kind: "rule", name, mode: "append", parts: { ...noParts, condition, exceptions } };
}

/** Only `enabled`: it switches the earlier rule. */
function readToggle(reader: EntryReader, name: Named): RuleDefinition | undefined {
  if (!reader.has("enabled")) {
    for (const key of requiredKeys) reader.require(key, name, "rule");
    return undefined;
  }
  const enabled = reader.flag("enabled");
  if (enabled === undefined) return undefined;
  const message = "a rule with only enabled is deprecated: write override with enabled: replace";
  reader.warn("deprecated", message, name.span);
  return { kind: "rule", name, mode: "toggle", parts: { ...noParts, enabled } };
}

function readDefinition(reader: EntryReader, name: Named): RuleDefinition {
  for (const key of requiredKeys) reader.require(key, name, "rule");
  const condition = reader.text("condition");
  const output = reader.text("output");
  const parts: RuleParts = {
    condition,
    output: output && trimText(output),
    desc: reader.text("desc"),
    priority: readPriority(reader),
    source: reader.named("source"),
    enabled: reader.flag("enabled"),
    warnsOfEventTypes: reader.flag("warn_evttypes"),
    skipsUnknownFields: reader.flag("skip-if-unknown-filter"),
    capture: reader.flag("capture"),
    captureDurationMs: reader.count("capture_duration"),
    tags: reader.texts("tags")?.map(({ value }) => value),
    exceptions: readExceptions(reader, false),
  };
  return { kind: "rule", name, mode: "define", parts };
}

/** `override`: first what is appended, then what is replaced; then keys that are not listed are wrong. */
function readChanges(
  reader: EntryReader,
  name: Named,
  items: readonly OverrideItem[],
): readonly ReadEntry[] {
  const left = new Set([...overridable.keys()].filter((key) => reader.has(key)));
  const steps = (["append", "replace"] as const).flatMap((mode) => {
    const listed = items.filter((item) => item.mode === mode);
    if (listed.length === 0) return [];
    let parts: RuleParts = noParts;
    for (const key of overridable.keys()) {
      const item = listed.find((candidate) => candidate.key.value === key);
      if (item === undefined) continue;
      if (left.delete(key)) parts = { ...parts, ...readPart(reader, key, mode) };
      else refuseAbsent(reader, item);
    }
    return [reader.step({ kind: "rule", name, mode, parts, isOverride: true })];
  });
  for (const { key } of reader.map.entries) {
    if (!left.has(key.value)) continue;
    const message = `cannot tell what to do with "${key.value}" of rule "${name.value}": list it under override`;
    reader.error("override", message, key.span);
  }
  return [...steps, reader.step()];
}

function refuseAbsent(reader: EntryReader, { key }: OverrideItem): void {
  const message = reader.has(key.value)
    ? `cannot both append to "${key.value}" and replace it`
    : `cannot override "${key.value}": the entry does not have it`;
  reader.error("override", message, key.span);
}

function readPart(reader: EntryReader, key: string, mode: OverrideMode): Partial<RuleParts> {
  switch (key) {
    case "condition":
    case "output":
    case "desc":
      return { [key]: reader.text(key) };
    case "exceptions":
      return { exceptions: readExceptions(reader, mode === "append") };
    case "tags":
      return { tags: reader.texts("tags")?.map(({ value }) => value) };
    case "priority":
      return { priority: readPriority(reader) };
    case "enabled":
      return { enabled: reader.flag("enabled") };
    case "warn_evttypes":
      return { warnsOfEventTypes: reader.flag("warn_evttypes") };
    case "skip-if-unknown-filter":
      return { skipsUnknownFields: reader.flag("skip-if-unknown-filter") };
    case "capture":
      return { capture: reader.flag("capture") };
    default:
      return { captureDurationMs: reader.count("capture_duration") };
  }
}

function readPriority(reader: EntryReader): Priority | undefined {
  const named = reader.named("priority");
  const found = named && priorityNamed(named.value);
  if (named === undefined || found !== undefined) return found;
  const words = [...priorities.map((priority) => priority.toLowerCase()), "info"];
  const near = priorityNamed(nearestName(named.value.toLowerCase(), words) ?? "");
  const hint = near === undefined ? "" : `did you mean "${near}"? `;
  const message = `cannot use priority "${named.value}": ${hint}expected one of ${priorities.join(", ")}`;
  reader.error("unknown-priority", message, named.span);
  return undefined;
}
