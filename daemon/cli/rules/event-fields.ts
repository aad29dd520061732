// SPDX-License-Identifier: Apache-2.0
import { isRecordField, type RecordEvent } from "../../rules/fields/record.ts";
import type { RuleSubject } from "../../rules/subject.ts";
import { errorAt, type Diagnostic } from "../../text/diagnostic.ts";
import { didYouMean } from "../../text/nearest.ts";
import type { YamlNode } from "../../text/yaml-node.ts";

/** Names in an event that somebody wrote down that no field has: it would be left out, and nobody would know. */
export function eventFaults(
  event: YamlNode | undefined,
  subject: RuleSubject<RecordEvent>,
): readonly Diagnostic[] {
  if (event?.kind !== "map") return [];
  const unknown = event.entries.filter(({ key }) => !isRecordField(key.value, subject));
  return unknown.map(({ key }) => {
    const name = key.value.replace(/\[.*/s, "");
    const hint = didYouMean(name, subject.catalogue.names()) || ": no such field";
    const message = `cannot give field "${key.value}" a value${hint}`;
    return errorAt({ code: "unknown-field", message, span: key.span });
  });
}
