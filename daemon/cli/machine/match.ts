// SPDX-License-Identifier: Apache-2.0
import { textMember } from "../../util/unknown-value.ts";
import { createCompiler } from "../../lang/compile.ts";
import type { CompiledRule } from "../../rules/check-rules.ts";
import { eventTypesOf } from "../../rules/event-types.ts";
import { readRecordEvent, type RecordEvent } from "../../rules/fields/record.ts";
import { selectRules } from "../../rules/selection.ts";
import { objectMember } from "./case.ts";
import { loadFiles, selectionOf } from "./engine.ts";
import { errorOf } from "./eval.ts";
import { machineCommand } from "./run.ts";

/** `rules match`: which rules does the event match? */
export const rulesMatch = machineCommand({
  name: "match",
  summary: "machine interface: match events with rule files (NDJSON on standard input)",
  help: `
  in   {"id": 1, "files": ["- rule: R\\n  …"], "event": {"proc.name": "sh"}, "strategy": "all"}
       also: "min_priority", "selection": [{"disable": {"rule": "*"}}, {"enable": {"tag": "t"}}]
  out  {"id": 1, "rules": ["R"]}`,
  createAnswerer: () => answerMatch,
});

function answerMatch(input: unknown): object {
  const { result, subject } = loadFiles(input);
  if (result.error !== undefined) return { error: errorOf(result.error) };
  const compiled = new Map(result.compilation?.rules.map((item) => [item.rule, item]));
  const event = readRecordEvent(objectMember(input, "event"), subject);
  const type = event.get("evt.type") ?? "execve";
  const compiler = createCompiler<RecordEvent>();
  const matches = ({ expr, checked }: CompiledRule<RecordEvent>): boolean =>
    expr !== undefined &&
    eventTypesOf(expr).names.includes(String(type)) &&
    compiler.compile(checked)(event);
  const inForce = selectRules([...compiled.keys()], selectionOf(input));
  const matched: string[] = [];
  for (const rule of inForce) {
    const item = compiled.get(rule);
    if (item === undefined || !matches(item)) continue;
    matched.push(rule.name);
    if (textMember(input, "strategy") !== "all") break;
  }
  return { rules: matched };
}
