// SPDX-License-Identifier: Apache-2.0
import { parseCondition } from "../../lang/parser.ts";
import { eventTypesOf } from "../../rules/event-types.ts";
import { CaseFault, machineCommand } from "./run.ts";
import { requiredText } from "./case.ts";

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
  const { names, isBroad } = eventTypesOf(parsed.expr);
  return isBroad ? { all_or_most: true } : { all_or_most: false, names };
}
