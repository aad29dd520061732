// SPDX-License-Identifier: Apache-2.0
import { postCommand } from "../ask.ts";
import { type Command, jsonOption, socketOption } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { undoText } from "../undo-text.ts";

/** `execwarden undo ALERT`: takes back what the actions of an alert did. */
export const undo: Command = {
  path: ["undo"],
  summary: "undo the actions of an alert: unpause, reconnect its networks",
  help: `
Lets a paused container go on, and puts a disconnected one on its networks again, with the aliases and
addresses that it had. Says of every other action of the alert why it cannot be undone. The alert is named by
its uuid: the line "undo" of an alert shows the whole command, "uuid" of its JSON is the same. The daemon
remembers the last 10000 alerts that can be undone, until it is restarted. Undoing twice does no harm.

Examples:
  execwarden undo 0a1b2c3d-0a1b-4c2d-8e3f-0a1b2c3d4e5f
  execwarden undo "$(execwarden events --last 1 --json | jq -r .uuid)" --json`,
  arguments: { name: "alert", description: "the alert's uuid" },
  options: [jsonOption, socketOption],
  async run(input, context) {
    const [alert] = input.arguments;
    if (alert === undefined || input.arguments.length > 1) {
      await context.terminal.writeError("cannot undo: name one alert by its uuid (see --help)\n");
      return exitCodes.usage;
    }
    return postCommand("/v1/undo", { alert }, { input, context, render: undoText });
  },
};
