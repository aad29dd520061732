// SPDX-License-Identifier: Apache-2.0
import type { AppendOutput, ExtraField } from "../model/rule-settings.ts";

/** What must be known of a rule to find the entries for it. */
export interface AppendTarget {
  readonly name: string;
  readonly source: string;
  readonly tags: readonly string[];
}

const suggestedFields = [
  "container.id",
  "container.name",
  "container.image.repository",
  "container.image.tag",
  "k8s.pod.name",
  "k8s.ns.name",
] as const;

/** The text to add to the output of a rule (it begins with a blank, or is empty), and the fields. */
export function appendedOutput(
  entries: readonly AppendOutput[],
  rule: AppendTarget,
): { readonly text: string; readonly fields: readonly ExtraField[] } {
  let text = "";
  const fields: ExtraField[] = [];
  for (const { match, extraOutput = "", extraFields = [], isSuggested } of entries) {
    if (match !== undefined && !isMeant(match, rule)) continue;
    if (isSuggested === true) text += ` ${suggestedText}`;
    if (extraOutput !== "") text += ` ${extraOutput}`;
    fields.push(...extraFields);
  }
  return { text, fields };
}

const suggestedText = suggestedFields
  .map((name) => `${name.replaceAll(".", "_")}=%${name}`)
  .join(" ");

function isMeant(match: NonNullable<AppendOutput["match"]>, rule: AppendTarget): boolean {
  const { source = "", rule: name = "", tags = [] } = match;
  return (
    (source === "" || source === rule.source) &&
    (name === "" || name === rule.name) &&
    tags.every((tag) => rule.tags.includes(tag))
  );
}
