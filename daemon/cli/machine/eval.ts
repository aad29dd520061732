// SPDX-License-Identifier: Apache-2.0
import { memberOf } from "../../util/unknown-value.ts";
import { createCompiler } from "../../lang/compile.ts";
import { falcoCodeOf } from "../../rules/falco-codes.ts";
import { readRecordEvent, recordSubject, type RecordEvent } from "../../rules/fields/record.ts";
import { readEntry } from "../../rules/read.ts";
import { SequentialLoader } from "../../rules/sequential.ts";
import type { RuleSubject } from "../../rules/subject.ts";
import type { Diagnostic } from "../../text/diagnostic.ts";
import { plainNode } from "../../text/plain-node.ts";
import { createLineTable } from "../../text/source.ts";
import { declaredFields, objectMember, pairsOf, requiredText } from "./case.ts";
import { machineCommand } from "./run.ts";

/** `rules eval`: does the condition hold for the event? */
export const rulesEval = machineCommand({
  name: "eval",
  summary: "machine interface: evaluate conditions (NDJSON on standard input)",
  help: `
  in   {"id": 1, "condition": "proc.name in (shells)", "event": {"proc.name": "sh"}, "lists": {"shells": ["sh"]}}
       also: "macros" {name: condition}, "exceptions" as in a rule file, "fields" {name: {type, list, arg, arg_required}}
  out  {"id": 1, "match": true}
       {"id": 1, "error": {"code": "LOAD_ERR_COMPILE_CONDITION", "message": "…", "line": 1, "column": 1}}

Example:
  echo '{"id":1,"condition":"proc.name = sh","event":{"proc.name":"sh"}}' | execwarden rules eval`,
  createAnswerer: () => {
    const usual = recordSubject();
    return (input) => answerEval(input, usual);
  },
});

const caseName = "case";

function answerEval(input: unknown, usual: RuleSubject<RecordEvent>): object {
  const subject =
    memberOf(input, "fields") === undefined ? usual : recordSubject(declaredFields(input));
  const loader = new SequentialLoader({ subject, append: [] });
  const items = [...definitionsOf(input), ruleOf(input)];
  const entries = items.flatMap((item) => readEntry(plainNode(item, "case")));
  const { error, compilation } = loader.load({ entries, diagnostics: [] });
  if (error !== undefined) return { error: errorOf(error) };
  const rule = compilation?.rules.find((candidate) => candidate.rule.name === caseName);
  if (rule === undefined) return { match: false };
  const event = readRecordEvent(objectMember(input, "event"), subject);
  return { match: createCompiler<RecordEvent>().compile(rule.checked)(event) };
}

function definitionsOf(input: unknown): readonly object[] {
  return [
    ...pairsOf(input, "lists").map(([list, items]) => ({ list, items })),
    ...pairsOf(input, "macros").map(([macro, condition]) => ({ macro, condition })),
  ];
}

function ruleOf(input: unknown): object {
  const condition = requiredText(input, "condition");
  const exceptions = memberOf(input, "exceptions");
  const rule = { rule: caseName, condition, desc: "d", output: "o", priority: "DEBUG" };
  return exceptions === undefined ? rule : { ...rule, exceptions };
}

/** An error as answers carry it. */
export function errorOf(diagnostic: Diagnostic): object {
  const { code, message, span } = diagnostic;
  const place = span && createLineTable(span.source).positionOf(span.start);
  return { code: falcoCodeOf(diagnostic) ?? code, message, ...place, diagnostic: code };
}
