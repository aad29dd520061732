// SPDX-License-Identifier: Apache-2.0
import { configSchema } from "../../config/schema.ts";
import { allowlistSchema } from "../../policy/allowlist.ts";
import { policiesSchema } from "../../policy/policy-schema.ts";
import { ruleFileSchema } from "../../rules/json-schema.ts";
import { toJsonSchema } from "../../text/schema.ts";
import type { Command } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

const schemas: ReadonlyMap<string, () => unknown> = new Map<string, () => unknown>([
  ["rules", () => ruleFileSchema],
  ["policies", () => toJsonSchema(policiesSchema)],
  ["allowlist", () => toJsonSchema(allowlistSchema)],
  ["config", () => toJsonSchema(configSchema)],
]);

/** `execwarden schema`: JSON Schemas of the files that people write. */
export const schema: Command = {
  path: ["schema"],
  summary: "print the JSON Schema of rules, policies, allowlist or config, for editors",
  help: `
Examples:
  execwarden schema rules > rules.schema.json
  execwarden schema config`,
  arguments: { name: "file", description: `one of ${[...schemas.keys()].join(", ")}` },
  options: [],
  async run(input, { terminal }) {
    const [name = ""] = input.arguments;
    const make = schemas.get(name);
    if (make === undefined || input.arguments.length !== 1) {
      const known = [...schemas.keys()].join(", ");
      await terminal.writeError(`cannot print this schema: expected one of ${known}\n`);
      return exitCodes.usage;
    }
    await terminal.writeOut(`${JSON.stringify(make(), undefined, 2)}\n`);
    return exitCodes.ok;
  },
};
