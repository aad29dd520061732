// SPDX-License-Identifier: Apache-2.0
import { check } from "../check.ts";
import { type Command, jsonOption } from "../command.ts";
import { configOption } from "../configured.ts";

/** `execwarden policy check`: are these policy files good, together with rules, allowlist and outputs? */
export const policyCheck: Command = {
  path: ["policy", "check"],
  summary: "check policy files; without files, those of the configuration",
  help: `
Policies are checked against the rules, the allowlist and the outputs of the configuration, whose faults
are shown too.

Examples:
  execwarden policy check
  execwarden policy check ./policies.d --json`,
  arguments: { name: "files", description: "policy files, or directories of them" },
  options: [configOption, jsonOption],
  run: (input, context) => check("policies", input, context),
};
