// SPDX-License-Identifier: Apache-2.0
import { parseCondition } from "../../lang/parser.ts";
import { printCondition } from "../../lang/print.ts";
import { createLineTable } from "../../text/source.ts";
import { requiredText } from "./case.ts";
import { machineCommand } from "./run.ts";

/** `rules parse`: is this a condition, and how is it printed? */
export const rulesParse = machineCommand({
  name: "parse",
  summary: "machine interface: parse conditions (NDJSON on standard input)",
  help: `
  in   {"id": 1, "input": "proc.name in (a, b)"}
  out  {"id": 1, "ok": true, "canonical": "proc.name in (a, b)"}
       {"id": 1, "ok": false, "error": {"message": "…", "line": 1, "column": 4, "offset": 3}}

Example:
  echo '{"id":1,"input":"a and not b"}' | execwarden rules parse`,
  createAnswerer: () => (input) => answerParse(requiredText(input, "input")),
});

function answerParse(text: string): object {
  const parsed = parseCondition(text);
  if (parsed.ok) return { ok: true, canonical: printCondition(parsed.expr) };
  const { message, stop } = parsed.fault;
  const position = createLineTable({ name: "input", text }).positionOf(stop);
  return { ok: false, error: { message, ...position, offset: stop } };
}
