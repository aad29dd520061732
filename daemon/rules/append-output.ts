// SPDX-License-Identifier: Apache-2.0

/** A field that alerts carry beside those that their output names. */
export interface ExtraField {
  readonly name: string;
  /** An output text; its result is the value. */
  readonly format: string;
  /** The value keeps its type: `format` is then one field, and `name` is that field. */
  readonly isRaw: boolean;
}

/** One entry of the configuration list `append_output`: what is added to which rules' outputs. */
export interface AppendOutput {
  /** All that are given must hold; `tags`: the rule has every one of them. */
  readonly match?: {
    readonly source?: string;
    readonly rule?: string;
    readonly tags?: readonly string[];
  };
  /** Output text that is added behind a blank. */
  readonly extraOutput?: string;
  readonly extraFields?: readonly ExtraField[];
  /** Adds the fields that their owners suggest (container and pod), as `name_of_field=%name.of.field`. */
  readonly isSuggested?: boolean;
}

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
