// SPDX-License-Identifier: Apache-2.0
import { createControlClient } from "../client.ts";
import { type Command, isOptionSet, jsonOption, optionText, socketOption } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

/** `execwarden status`: what the daemon guards and counted. */
export const status: Command = {
  path: ["status"],
  summary: "show what the daemon guards, what it counted, and how it is",
  help: `
Examples:
  execwarden status
  execwarden status --json`,
  options: [jsonOption, socketOption],
  async run(input, { terminal, defaults }) {
    const client = createControlClient(optionText(input, "socket") ?? defaults.socketPath);
    const path = isOptionSet(input, "json") ? "/v1/status" : "/v1/status?format=text";
    const answer = await client.get(path);
    if (answer.ok) {
      await terminal.writeOut(answer.value);
      return exitCodes.ok;
    }
    await terminal.writeError(`${answer.error.message}\n`);
    return exitCodes.unreachable;
  },
};
