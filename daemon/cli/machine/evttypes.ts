// SPDX-License-Identifier: Apache-2.0
import { parseCondition } from "../../lang/parser.ts";
import { typeFaults } from "../../rules/doubts.ts";
import { eventTypesOf } from "../../rules/event-types.ts";
import { wholeSource } from "../../text/located-text.ts";
import { requiredText } from "./case.ts";
import { errorOf } from "./eval.ts";
import { CaseFault, machineCommand } from "./run.ts";

/** `rules evttypes`: which types of events can the condition match? */
export const rulesEventTypes = machineCommand({
  name: "evttypes",
  summary: "machine interface: event types of conditions (NDJSON on standard input)",
  help: `
  in   {"id": 1, "condition": "evt.type in (execve, open) and proc.name = sh"}
  out  {"id": 1, "all_or_most": false, "names": ["execve", "open"]}
       {"id": 1, "all_or_most": true}

Example:
  echo '{"id":1,"condition":"evt.type = execve"}' | execwarden rules evttypes`,
  createAnswerer: () => (input) => answerTypes(requiredText(input, "condition")),
});

function answerTypes(text: string): object {
  const parsed = parseCondition(text);
  if (!parsed.ok) throw new CaseFault(parsed.fault.message);
  const [fault] = typeFaults(parsed.expr, wholeSource({ name: "condition", text }));
  if (fault !== undefined) return { error: errorOf(fault) };
  const { names, isBroad } = eventTypesOf(parsed.expr);
  return isBroad ? { all_or_most: true } : { all_or_most: false, names };
}
