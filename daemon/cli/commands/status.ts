// SPDX-License-Identifier: Apache-2.0
import { clientOf, showFailure } from "../ask.ts";
import { type Command, isOptionSet, jsonOption, socketOption } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

/** `execwarden status`: what the daemon guards and counted. */
export const status: Command = {
  path: ["status"],
  summary: "show what the daemon guards, what it counted, and how it is",
  help: `
Every line that says "losses" or "NOT" deserves a look; docs/operations.md says what each means.

Examples:
  execwarden status
  execwarden status --json | jq .gate.counters`,
  options: [jsonOption, socketOption],
  async run(input, context) {
    const query = isOptionSet(input, "json") ? "" : "?format=text";
    const answer = await clientOf(input, context).get(`/v1/status${query}`);
    if (!answer.ok) return showFailure(answer.error, context);
    await context.terminal.writeOut(answer.value);
    return exitCodes.ok;
  },
};
