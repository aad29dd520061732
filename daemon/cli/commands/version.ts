// SPDX-License-Identifier: Apache-2.0
import { jsonText } from "../../util/json-text.ts";
import { clientOf } from "../ask.ts";
import { type Command, isOptionSet, jsonOption, socketOption } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

/** `execwarden version`: of this program, and of the daemon where it can be reached. */
export const version: Command = {
  path: ["version"],
  summary: "show the version of this program, and of the daemon where one answers",
  help: `
Examples:
  execwarden version
  execwarden version --json`,
  options: [jsonOption, socketOption],
  async run(input, context) {
    const { terminal, defaults } = context;
    const answer = await clientOf(input, context).get("/v1/version");
    const daemon = answer.ok ? readVersion(answer.value) : undefined;
    await terminal.writeOut(
      isOptionSet(input, "json")
        ? `${jsonText({ client: defaults.version, daemon: daemon ?? null })}\n`
        : `execwarden ${defaults.version}\ndaemon     ${daemon ?? "does not answer"}\n`,
    );
    return exitCodes.ok;
  },
};

function readVersion(body: string): string | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof answer !== "object" || answer === null || !("version" in answer)) return undefined;
  return typeof answer.version === "string" ? answer.version : undefined;
}
