// SPDX-License-Identifier: Apache-2.0
import { memberOf, textMember, toList } from "../../util/unknown-value.ts";
import { priorityNamed } from "../../model/alert.ts";
import type { AppendOutput, ExtraField, RuleSelection } from "../../model/rule-settings.ts";
import { recordSubject, type RecordEvent } from "../../rules/fields/record.ts";
import { readRuleFile } from "../../rules/read.ts";
import type { SelectionOptions } from "../../rules/selection.ts";
import { SequentialLoader, type FileResult } from "../../rules/sequential.ts";
import type { RuleSubject } from "../../rules/subject.ts";
import { CaseFault } from "./run.ts";

/** What an engine made for one case holds after its files were loaded. */
export interface LoadedCase {
  readonly loader: SequentialLoader<RecordEvent>;
  readonly subject: RuleSubject<RecordEvent>;
  /** Of the last file that was loaded. */
  readonly result: FileResult<RecordEvent>;
}

/** Loads the files of a case in order into one engine, up to the first that fails. */
export function loadFiles(input: unknown): LoadedCase {
  const noContainer = memberOf(input, "no_container") === true;
  const syscalls = recordSubject({}, { noContainer });
  const sources = toList(memberOf(input, "sources")).map(
    (name) => [String(name), syscalls] as const,
  );
  const subject = { ...syscalls, others: new Map(sources) };
  const append = toList(memberOf(input, "append_output")).map(readAppendOutput);
  const loader = new SequentialLoader({ subject, append });
  const files = toList(memberOf(input, "files"));
  let result: FileResult<RecordEvent> = { warnings: [] };
  for (const [i, file] of files.entries()) {
    const text = typeof file === "string" ? file : textMember(file, "content");
    if (text === undefined) throw new CaseFault(`cannot read this case: a file is no text`);
    const name = textMember(file, "name") ?? `file ${i + 1}`;
    // Files lose their byte order mark where they are read.
    result = loader.load(readRuleFile({ name, text: text.replace(/^\ufeff/, "") }));
    if (result.error !== undefined) break;
  }
  return { loader, subject, result };
}

/** `selection` and `min_priority` of a case. */
export function selectionOf(input: unknown): SelectionOptions {
  const selection = toList(memberOf(input, "selection")).flatMap(readSelection);
  const word = textMember(input, "min_priority");
  const minPriority = word === undefined ? undefined : priorityNamed(word);
  if (word !== undefined && minPriority === undefined) {
    throw new CaseFault(`cannot read this case: "${word}" is no priority`);
  }
  return { selection, ...(minPriority === undefined ? {} : { minPriority }) };
}

/** `{enable|disable: {rule|tag: pattern}}`, as in Falco's configuration. */
function readSelection(entry: unknown): readonly RuleSelection[] {
  const actions = ["enable", "disable"] as const;
  return actions.flatMap((action) => {
    const what = memberOf(entry, action);
    return (["rule", "tag"] as const).flatMap((by) => {
      const pattern = textMember(what, by);
      return pattern === undefined ? [] : [{ action, by, pattern }];
    });
  });
}

function readAppendOutput(entry: unknown): AppendOutput {
  const match = memberOf(entry, "match");
  const source = textMember(match, "source");
  const rule = textMember(match, "rule");
  const extraOutput = textMember(entry, "extra_output");
  return {
    match: {
      tags: toList(memberOf(match, "tags")).map(String),
      ...(source === undefined ? {} : { source }),
      ...(rule === undefined ? {} : { rule }),
    },
    ...(extraOutput === undefined ? {} : { extraOutput }),
    extraFields: toList(memberOf(entry, "extra_fields")).flatMap(readExtraField),
    isSuggested: memberOf(entry, "suggested_output") === true,
  };
}

/** `evt.cpu` (as it is) or `{name: format}` (a text). */
export function readExtraField(field: unknown): readonly ExtraField[] {
  if (typeof field === "string") return [{ name: field, format: `%${field}`, isRaw: true }];
  if (typeof field !== "object" || field === null) return [];
  return Object.entries(field).map(([name, format]: [string, unknown]) => {
    return { name, format: String(format), isRaw: false };
  });
}
