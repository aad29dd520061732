// SPDX-License-Identifier: Apache-2.0
import type { Enforcement } from "../../model/enforcement.ts";
import { parseDurationMs } from "../../util/duration.ts";
import { printableHead } from "../../util/printable-text.ts";
import { postCommand } from "../ask.ts";
import { type Command, jsonOption, optionText, socketOption } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

/** The daemon's own bounds; asking it would be told in the words of its API. */
const forMsMin = 1_000;
const forMsMax = 86_400_000;

/** `execwarden pause`: maintenance. */
export const pause: Command = {
  path: ["pause"],
  summary: "enforce nothing for a while (maintenance); alerts go on",
  help: `
Nothing is refused, and nothing is done to containers, until the time is over or \`execwarden resume\`. Outcomes of
alerts say what would have been done, and who paused. It ends by itself, also when the daemon starts anew.

Examples:
  sudo execwarden pause --for 10m
  sudo execwarden pause --for 2h --reason "migration, ticket 4711"`,
  options: [
    { flags: "--for <duration>", description: "how long, 1s to 24h, such as 10m" },
    { flags: "--reason <text>", description: "told by status, alerts and the log" },
    jsonOption,
    socketOption,
  ],
  async run(input, context) {
    const duration = optionText(input, "for");
    if (duration === undefined) {
      await context.terminal.writeError("cannot pause without an end: add --for 10m\n");
      return exitCodes.usage;
    }
    const forMs = parseDurationMs(duration);
    if (forMs === undefined || forMs < forMsMin || forMs > forMsMax) {
      const text = printableHead(duration, 40);
      await context.terminal.writeError(`cannot pause for "${text}": 1s to 24h, such as 10m\n`);
      return exitCodes.usage;
    }
    const reason = optionText(input, "reason");
    const body = { for: duration, ...(reason === undefined ? {} : { reason }) };
    return postCommand("/v1/pause", body, { input, context, render: stateText });
  },
};

/** `execwarden resume`: the end of a pause. */
export const resume: Command = {
  path: ["resume"],
  summary: "enforce policies again, before a pause is over",
  help: `
Examples:
  sudo execwarden resume`,
  options: [jsonOption, socketOption],
  run: (input, context) => postCommand("/v1/resume", {}, { input, context, render: stateText }),
};

function stateText(answer: unknown): string {
  const { isPaused, untilMs = 0, by = "" } = answer as Enforcement;
  return isPaused
    ? `enforcement is paused until ${new Date(untilMs).toISOString()} by ${printableHead(by, 200)}\n`
    : "policies are enforced, each in its own mode\n";
}
