// SPDX-License-Identifier: Apache-2.0
import { readRecordEvent, recordSubject } from "../../rules/fields/record.ts";
import { hasErrors } from "../../text/diagnostic.ts";
import { renderDiagnostics } from "../../text/render.ts";
import { readWithSchema, z } from "../../text/schema.ts";
import { optionText, type Command } from "../command.ts";
import { configOption } from "../configured.ts";
import { exitCodes } from "../exit-codes.ts";
import { partLines } from "../explain/text.ts";
import { eventFaults } from "./event-fields.ts";
import { filesOption, findRule, loadForRecords, namedFiles } from "./authored.ts";

const eventSchema = z.record(z.string(), z.unknown());

/** `execwarden rules explain`: why does a rule match an event, or not? */
export const rulesExplain: Command = {
  path: ["rules", "explain"],
  summary: "explain which parts of a rule's condition hold for an event, and with what values",
  help: `
The event is a YAML or JSON file of fields and their values: {proc.name: curl, container.id: 3f2a…}.
A field that is left out has no value.

Examples:
  execwarden rules explain --event event.yaml 'Run Web Fetch Program in Container'
  execwarden rules explain --event event.json R --files ./my-rules.yaml`,
  arguments: { name: "name", description: "name of the rule" },
  options: [
    { flags: "--event <file>", description: "the event: fields and their values" },
    filesOption,
    configOption,
  ],
  async run(input, context) {
    const { terminal, readSources } = context;
    const path = optionText(input, "event");
    if (path === undefined) {
      await terminal.writeError("cannot explain without an event: give --event FILE\n");
      return exitCodes.usage;
    }
    const { sources, diagnostics } = await readSources([path], { missing: "error" });
    const read = sources.map((source) => readWithSchema(source, eventSchema));
    const subject = recordSubject({}, { ownFields: true });
    const faults = [
      ...diagnostics,
      ...read.flatMap((result) => [...result.diagnostics, ...eventFaults(result.root, subject)]),
    ];
    if (hasErrors(faults)) {
      await terminal.writeError(renderDiagnostics(faults));
      return exitCodes.checkFailed;
    }
    const loaded = await loadForRecords(namedFiles(input), input, context);
    const found = loaded && (await findRule(loaded, input.arguments.join(" "), context));
    if (found === undefined) return exitCodes.checkFailed;
    const explanation = found.explain(readRecordEvent(read[0]?.value ?? {}, subject));
    const state = explanation?.holds === true ? "matches" : "does not match";
    const lines = explanation === undefined ? [] : partLines(explanation, 1, terminal.hasColor);
    await terminal.writeOut(`rule "${found.rule.name}" ${state}\n${lines.join("\n")}\n`);
    return exitCodes.ok;
  },
};
