// SPDX-License-Identifier: Apache-2.0
import type { ReloadReport } from "../../model/generation.ts";
import { jsonText } from "../../util/json-text.ts";
import { clientOf, showFailure } from "../ask.ts";
import { type Command, isOptionSet, jsonOption, socketOption } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

/** `execwarden reload`: has the daemon read its files again. */
export const reload: Command = {
  path: ["reload"],
  summary: "have the daemon read its files again and put them in force",
  help: `
Rules, policies, the allowlist, mode, deadline and outputs change together, between two execs. When anything is
wrong, everything stays as it was and the faults are shown; the exit code is then 1. What takes a restart is named.

Examples:
  sudo execwarden reload
  sudo execwarden reload --json | jq .needsRestart`,
  options: [jsonOption, socketOption],
  async run(input, context) {
    const { terminal } = context;
    const isJson = isOptionSet(input, "json");
    const answer = await clientOf(input, context).post("/v1/reload", {});
    if (answer.ok) {
      const report = JSON.parse(answer.value) as ReloadReport;
      await terminal.writeOut(isJson ? answer.value : doneText(report));
      return exitCodes.ok;
    }
    const { code, details, message } = answer.error;
    if (code !== "reload-refused") return showFailure(answer.error, context);
    const report = details as ReloadReport;
    if (isJson) await terminal.writeOut(`${jsonText(report)}\n`);
    else await terminal.writeError(`${report.text}${message}\n`);
    return exitCodes.checkFailed;
  },
};

function doneText(report: ReloadReport): string {
  const { text, generation, changed, needsRestart } = report;
  const settings = changed.length === 0 ? "" : `; changed settings: ${changed.join(", ")}`;
  const restart =
    needsRestart.length === 0 ? "" : `these take a restart: ${needsRestart.join(", ")}\n`;
  return `${text}generation ${generation} is in force${settings}\n${restart}`;
}
