// SPDX-License-Identifier: Apache-2.0
import { clientOf, showFailure } from "../ask.ts";
import {
  type Command,
  type CommandInput,
  isOptionSet,
  jsonOption,
  optionText,
  socketOption,
} from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

/** `execwarden events`: the last policy events, and those that come. */
export const events: Command = {
  path: ["events"],
  summary: "show the last policy events, and follow those that come",
  help: `
The daemon keeps the last 1000 in memory. With --follow alone only new ones are shown. A reader that is
too slow loses events, and is told how many.

Examples:
  execwarden events --last 5
  execwarden events --follow
  execwarden events --follow --json | jq .execwarden.container.name`,
  options: [
    { flags: "--follow", description: "go on with the events that come, until Ctrl-C" },
    {
      flags: "--last <count>",
      description: "how many past events",
      defaultText: "all, none with --follow",
    },
    jsonOption,
    socketOption,
  ],
  async run(input, context) {
    const { terminal } = context;
    const answer = await clientOf(input, context).stream(
      `/v1/events?${queryOf(input, terminal.hasColor)}`,
      {
        write: (text) => terminal.writeOut(text),
        signal: terminal.interrupted,
      },
    );
    if (answer.ok && (terminal.interrupted.aborted || !isOptionSet(input, "follow"))) {
      return exitCodes.ok;
    }
    if (!answer.ok) return showFailure(answer.error, context);
    await terminal.writeError("the daemon ended the stream: it is stopping\n");
    return exitCodes.unreachable;
  },
};

function queryOf(input: CommandInput, hasColor: boolean): string {
  const last = optionText(input, "last");
  return new URLSearchParams({
    format: isOptionSet(input, "json") ? "json" : "text",
    ...(isOptionSet(input, "follow") ? { follow: "1" } : {}),
    ...(hasColor ? { color: "1" } : {}),
    ...(last === undefined ? {} : { last }),
  }).toString();
}
