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

A filter is a condition as in Falco rules, without macros. It sees alert.rule, alert.priority, alert.tags,
alert.policies, alert.actions, alert.verdict, what every alert tells (container.*, proc.name, proc.cmdline,
proc.exepath, proc.pname, proc.aname, user.*, …), and the fields that the rule's output names.

Examples:
  execwarden events --last 5
  execwarden events --follow
  execwarden events --filter 'container.name=web and proc.name=curl' --last 10
  execwarden events --follow --filter 'alert.actions intersects (pause:done, deny:done)'
  execwarden events --fields evt.time,container.name,proc.cmdline
  execwarden events --follow --json | jq .execwarden.container.name`,
  options: [
    { flags: "--follow", description: "go on with the events that come, until Ctrl-C" },
    {
      flags: "--last <count>",
      description: "how many past events",
      defaultText: "all, none with --follow",
    },
    { flags: "--filter <condition>", description: "only events for which this holds" },
    {
      flags: "--fields <names>",
      description: "show these fields, with commas between: one line an event, tabs between values",
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
  const given = ["last", "filter", "fields"].flatMap((name) => {
    const value = optionText(input, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return new URLSearchParams({
    format: isOptionSet(input, "json") ? "json" : "text",
    ...(isOptionSet(input, "follow") ? { follow: "1" } : {}),
    ...(hasColor ? { color: "1" } : {}),
    ...Object.fromEntries(given),
  }).toString();
}
