// cli/machine: the machine interface of the rule language. Comes in: one case a line, JSON. Goes out: one answer a line,
// in the same order. Must not know: terminals for people, the daemon, files.
// SPDX-License-Identifier: Apache-2.0
import { jsonText } from "../../util/json-text.ts";
import { memberOf } from "../../util/unknown-value.ts";
import type { Command, CommandContext } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { parseCaseJson } from "./case-json.ts";

/** Answers one case; what it returns goes out beside the case's `id`. May throw: that is told in the answer. */
export type Answerer = (input: unknown) => object;

/** What a machine command does with each case. */
export interface MachineCommand {
  readonly name: string;
  readonly summary: string;
  readonly help: string;
  /** Made once per process, so that what cases share is built once. */
  readonly createAnswerer: () => Answerer;
}

/** A command `rules NAME` that answers the cases on standard input. */
export function machineCommand({ name, summary, help, createAnswerer }: MachineCommand): Command {
  return {
    path: ["rules", name],
    summary,
    help: `
Reads one case a line (JSON) on standard input and writes one answer a line, with the same id, in the same
order. A case that cannot be answered gets an answer that says so; it never ends the stream.
${help}`,
    options: [],
    run: (_input, context) => answerAll(createAnswerer(), context),
  };
}

async function answerAll(
  answer: Answerer,
  { readInputLines, terminal }: CommandContext,
): Promise<number> {
  for await (const lines of readInputLines()) {
    let answers = "";
    for (const line of lines) {
      if (line?.trim() === "") continue;
      answers += `${answerLine(line, answer)}\n`;
      // Written in pieces, so that many large answers are not all held at once.
      if (answers.length > pieceLengthMax) {
        await terminal.writeOut(answers);
        answers = "";
      }
    }
    if (answers !== "") await terminal.writeOut(answers);
    if (terminal.interrupted.aborted) break;
  }
  return exitCodes.ok;
}

const pieceLengthMax = 65_536;

/** The answer to one line; undefined is a line that was too long. Never throws. */
export function answerLine(line: string | undefined, answer: Answerer): string {
  if (line === undefined) return failed(null, "bad-case", "cannot read this case: it is too long");
  let input: unknown;
  try {
    input = parseCaseJson(line);
  } catch {
    return failed(null, "bad-case", "cannot read this case: it is not JSON");
  }
  const id = writableId(memberOf(input, "id"));
  try {
    return jsonText({ id, ...answer(input) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return failed(id, error instanceof CaseFault ? "bad-case" : "internal", message);
  }
}

/** The id as it came; null for one that is not there, or nested too deep to be written. */
function writableId(id: unknown): unknown {
  try {
    jsonText(id);
    return id ?? null;
  } catch {
    return null;
  }
}

/** A case that does not have what its command needs. */
export class CaseFault extends Error {}

function failed(id: unknown, code: string, message: string): string {
  return jsonText({ id, error: { code, message } });
}
