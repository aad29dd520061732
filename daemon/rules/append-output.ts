// SPDX-License-Identifier: Apache-2.0
import type { AppendOutput, ExtraField } from "../model/rule-settings.ts";
import { wholeSource, type LocatedText } from "../text/located-text.ts";

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

/** What is added to the output of a rule: texts (each begins with a blank), and fields. */
export interface AddedOutput {
  readonly texts: readonly LocatedText[];
  readonly fields: readonly ExtraField[];
}

/** What the entries add to the output of a rule. */
export function appendedOutput(entries: readonly AppendOutput[], rule: AppendTarget): AddedOutput {
  const meant = entries.filter(({ match }) => match === undefined || isMeant(match, rule));
  return {
    texts: meant.flatMap(({ extraOutput = "", isSuggested }) => [
      ...(extraOutput === "" ? [] : [addedText(` ${extraOutput}`)]),
      ...(isSuggested === true ? [addedText(` ${suggestedText}`)] : []),
    ]),
    fields: meant.flatMap(({ extraFields = [] }) => extraFields),
  };
}

/** A text of the configuration as a source of its own, so that what is wrong with it is told there, and once. */
export function addedText(text: string): LocatedText {
  return wholeSource({ name: "<append_output>", text });
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
