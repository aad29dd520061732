// SPDX-License-Identifier: Apache-2.0
import { check } from "../check.ts";
import { type Command, isOptionSet, jsonOption } from "../command.ts";
import { checkAsFalco } from "../rules/falco-json.ts";
import { configOption } from "../configured.ts";
import { ruleOptions } from "../rule-options.ts";

/** `execwarden rules check`: are these rule files good? */
export const rulesCheck: Command = {
  path: ["rules", "check"],
  summary: "check rule files; without files, those of the configuration",
  help: `
Every fault of every file is shown, with its line and column. Files are read in the order given; later
ones may override earlier ones. The macros of the allowlist are there.

Examples:
  execwarden rules check
  execwarden rules check ./my-rules.yaml
  execwarden rules check /usr/share/execwarden/rules ./my-rules.yaml --json`,
  arguments: { name: "files", description: "rule files, or directories of them" },
  options: [
    configOption,
    ...ruleOptions,
    jsonOption,
    {
      flags: "--falco-json",
      description:
        "load the named files one by one as Falco does and write its JSON: the first error of each",
    },
  ],
  run: (input, context) =>
    isOptionSet(input, "falcoJson") ? checkAsFalco(input, context) : check("rules", input, context),
};
