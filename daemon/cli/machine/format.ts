// SPDX-License-Identifier: Apache-2.0
import { memberOf, textMember, toList } from "../../util/unknown-value.ts";
import { priorityNamed, type Priority } from "../../model/alert.ts";
import { alertObject, alertText, type AlertOptions } from "../../rules/alert-format.ts";
import { readRecordEvent, recordSubject, type RecordEvent } from "../../rules/fields/record.ts";
import { compileTemplate, type OutputTemplate } from "../../rules/output-template.ts";
import { compileRuleOutput } from "../../rules/rule-output.ts";
import type { RuleSubject } from "../../rules/subject.ts";
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
  const values = objectMember(input, "event");
  const moment = momentOf(values);
  const event = readRecordEvent(values, subject);
  const text = requiredText(input, "format");
  const format = wholeSource({ name: "format", text });
  const kind = textMember(input, "kind") ?? "text";
  if (kind === "alert") return alertAnswer({ input, format, event, subject, moment });
  const { template, diagnostics } = compileTemplate(format, subject.catalogue);
  const [error] = diagnostics.filter(({ severity }) => severity === "error");
  if (error !== undefined) return { error: errorOf(error) };
  if (kind !== "text" && kind !== "fields_json") {
    throw new CaseFault(`cannot read this case: there is no kind "${kind}"`);
  }
  return templateAnswer(template, event, kind);
}

/** When the event was, nanoseconds since the epoch. */
function momentOf(event: Readonly<Record<string, unknown>>): bigint {
  const given = event["$ts"] ?? 0;
  const isText = typeof given === "string" || typeof given === "number";
  if (typeof given === "bigint" && given >= 0n) return given;
  if (isText && /^[0-9]{1,20}$/.test(String(given))) return BigInt(given);
  throw new CaseFault(`cannot read this case: "$ts" is no time in nanoseconds`);
}

function templateAnswer(
  template: OutputTemplate<RecordEvent>,
  event: RecordEvent,
  kind: "text" | "fields_json",
): object {
  if (kind === "text") {
    const { text, isComplete } = template.render(event);
    return isComplete ? { text } : { incomplete: true };
  }
  const { fields } = template.format(event);
  const isComplete = !template.needsAllValues || !Object.values(fields).includes(null);
  return isComplete ? { json: fields } : { incomplete: true };
}

interface AlertCase {
  readonly input: unknown;
  readonly format: LocatedText;
  readonly event: RecordEvent;
  readonly subject: RuleSubject<RecordEvent>;
  readonly moment: bigint;
}

function alertAnswer({ input, format, event, subject, moment }: AlertCase): object {
  const rule = textMember(input, "rule") ?? "";
  const source = textMember(input, "source") ?? "syscall";
  const tags = toList(memberOf(input, "tags")).map(String);
  const extraFields = toList(memberOf(input, "extra_fields")).flatMap(readExtraField);
  const compiled = compileRuleOutput(format, extraFields, subject.catalogue);
  const [error] = compiled.diagnostics.filter(({ severity }) => severity === "error");
  if (error !== undefined) return { error: errorOf(error) };
  const { output: message, fields } = compiled.format(event);
  const about = { rule, source, tags, priority: priorityOf(input), hostname: "host-a" };
  const alert = { ...about, timeNs: moment, message, fields };
  const options = optionsOf(input);
  if (memberOf(input, "json") !== true) return { text: alertText(alert, options) };
  return { json: alertObject(alert, options) };
}

function optionsOf(input: unknown): AlertOptions {
  const opts = Object.entries(objectMember(input, "opts"));
  return Object.fromEntries(opts.filter(([, value]) => typeof value === "boolean"));
}

function priorityOf(input: unknown): Priority {
  return priorityNamed(textMember(input, "priority") ?? "") ?? "Debug";
}
