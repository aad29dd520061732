// SPDX-License-Identifier: Apache-2.0
import { compareBytes } from "../../util/byte-string.ts";
import { memberOf, textMember, toList } from "../../util/unknown-value.ts";
import { priorityNamed, type Priority } from "../../model/alert.ts";
import { readRecordEvent, recordSubject, type RecordEvent } from "../../rules/fields/record.ts";
import { compileTemplate, type OutputTemplate } from "../../rules/output-template.ts";
import { compileRuleOutput } from "../../rules/rule-output.ts";
import type { RuleSubject } from "../../rules/subject.ts";
import { splitTime } from "../../rules/time-text.ts";
import { wholeSource, type LocatedText } from "../../text/located-text.ts";
import { declaredFields, objectMember, requiredText } from "./case.ts";
import { readExtraField } from "./engine.ts";
import { errorOf } from "./eval.ts";
import { CaseFault, machineCommand } from "./run.ts";

/** `rules format`: what does an output say about the event? */
export const rulesFormat = machineCommand({
  name: "format",
  summary: "machine interface: format outputs and alerts (NDJSON on standard input)",
  help: `
  in   {"id": 1, "kind": "text", "format": "*%proc.name", "event": {"proc.name": "sh"}}
       kinds: text; fields_json (the output_fields); alert (with "rule", "priority", "tags", "extra_fields", "json",
       "opts" {iso8601, message, output, tags, output_fields}, and the time of the event as "$ts", nanoseconds)
  out  {"id": 1, "text": "sh"}, {"id": 1, "json": {…}}, {"id": 1, "incomplete": true} or {"id": 1, "error": {…}}`,
  createAnswerer: () => {
    const usual = recordSubject();
    return (input) => answerFormat(input, usual);
  },
});

function answerFormat(input: unknown, usual: RuleSubject<RecordEvent>): object {
  const isUsual = memberOf(input, "fields") === undefined;
  const subject = isUsual ? usual : recordSubject(declaredFields(input));
  const { $ts = 0, ...fields } = objectMember(input, "event");
  const event = readRecordEvent({ "evt.rawtime": $ts, ...fields }, subject);
  const text = requiredText(input, "format");
  const format = wholeSource({ name: "format", text });
  const kind = textMember(input, "kind") ?? "text";
  if (kind === "alert") return alertAnswer({ input, format, event, subject, $ts });
  const { template, diagnostics } = compileTemplate(format, subject.catalogue);
  const [error] = diagnostics.filter(({ severity }) => severity === "error");
  if (error !== undefined) return { error: errorOf(error) };
  if (kind !== "text" && kind !== "fields_json") {
    throw new CaseFault(`cannot read this case: there is no kind "${kind}"`);
  }
  return templateAnswer(template, event, kind);
}

function templateAnswer(
  template: OutputTemplate<RecordEvent>,
  event: RecordEvent,
  kind: "text" | "fields_json",
): object {
  const { text, isComplete } = template.render(event);
  if (!isComplete) return { incomplete: true };
  return kind === "text" ? { text } : { json: template.format(event).fields };
}

interface AlertCase {
  readonly input: unknown;
  readonly format: LocatedText;
  readonly event: RecordEvent;
  readonly subject: RuleSubject<RecordEvent>;
  readonly $ts: unknown;
}

function alertAnswer({ input, format, event, subject, $ts }: AlertCase): object {
  const { rule, source, tags } = ownerOf(input);
  const extraFields = toList(memberOf(input, "extra_fields")).flatMap(readExtraField);
  const compiled = compileRuleOutput(format, extraFields, subject.catalogue);
  const [error] = compiled.diagnostics.filter(({ severity }) => severity === "error");
  if (error !== undefined) return { error: errorOf(error) };
  const opts = objectMember(input, "opts");
  const isSet = (name: string, usual: boolean): boolean => {
    const value = opts[name];
    return typeof value === "boolean" ? value : usual;
  };
  const timeNs = BigInt(String($ts));
  const { date, time, nanoseconds } = splitTime(timeNs);
  const clock = `${time}.${nanoseconds}`;
  const priority = priorityOf(input);
  const { output: message, fields } = compiled.format(event);
  const [timeName, shown] = isSet("iso8601", false)
    ? ["evt.time.iso8601", `${date}T${clock}+0000`]
    : ["evt.time", clock];
  const line = `${shown}: ${priority} ${message}`;
  if (memberOf(input, "json") !== true) return { text: JSON.stringify(line).slice(1, -1) };
  return {
    json: {
      hostname: "host-a",
      ...(isSet("message", false) ? { message } : {}),
      ...(isSet("output", true) ? { output: line } : {}),
      ...(isSet("output_fields", true)
        ? { output_fields: sortedByKey({ ...fields, [timeName]: timeNs }) }
        : {}),
      priority,
      rule,
      source,
      ...(isSet("tags", true) ? { tags } : {}),
      time: `${date}T${clock}Z`,
    },
  };
}

function ownerOf(input: unknown): { rule: string; source: string; tags: readonly string[] } {
  return {
    rule: textMember(input, "rule") ?? "",
    source: textMember(input, "source") ?? "syscall",
    tags: toList(memberOf(input, "tags")).map(String).sort(compareBytes),
  };
}

function priorityOf(input: unknown): Priority {
  return priorityNamed(textMember(input, "priority") ?? "") ?? "Debug";
}

function sortedByKey(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const entries = Object.entries(object);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : Number(a > b))));
}
