// SPDX-License-Identifier: Apache-2.0
import { listFields } from "../../rules/fields/catalogue.ts";
import { jsonText } from "../../util/json-text.ts";
import { isOptionSet, jsonOption, type Command } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

/** `execwarden rules fields`: what may conditions and outputs name? */
export const rulesFields: Command = {
  path: ["rules", "fields"],
  summary: "list the fields that rules may use, with their types",
  help: `
Examples:
  execwarden rules fields | grep proc.
  execwarden rules fields --markdown > fields.md`,
  options: [jsonOption, { flags: "--markdown", description: "write a Markdown table" }],
  async run(input, { terminal }) {
    const fields = listFields();
    const lines = isOptionSet(input, "json")
      ? [jsonText(fields)]
      : isOptionSet(input, "markdown")
        ? [
            "| field | type | meaning |",
            "| --- | --- | --- |",
            ...fields.map(
              ({ name, type, description }) => `| ${name} | ${type} | ${description} |`,
            ),
          ]
        : fields.map(
            ({ name, type, description }) => `${name.padEnd(40)} ${type.padEnd(14)} ${description}`,
          );
    await terminal.writeOut(`${lines.join("\n")}\n`);
    return exitCodes.ok;
  },
};
