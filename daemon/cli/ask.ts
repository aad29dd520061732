// SPDX-License-Identifier: Apache-2.0
import type { Result } from "../util/result.ts";
import { type ControlClient, createControlClient, type DaemonFailure } from "./client.ts";
import { type CommandContext, type CommandInput, isOptionSet, optionText } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";

/** The client for the daemon that a command's `--socket` names. */
export function clientOf(
  input: CommandInput,
  { defaults, nameOfGroup }: CommandContext,
): ControlClient {
  return createControlClient(optionText(input, "socket") ?? defaults.socketPath, nameOfGroup);
}

/** What a command that asks the daemon once is made of. */
export interface DaemonQuestion {
  readonly input: CommandInput;
  readonly context: CommandContext;
  /** Text for people, line breaks included, out of the daemon's answer. With `--json` the answer is shown as it is. */
  readonly render: (answer: unknown) => string;
}

/**
 * The whole run of a command that changes something: posts, shows the answer or why there is none, and says with
 * which exit code to end. For a command `reload`:
 *
 *     run: (input, context) =>
 *       postCommand("/v1/reload", { force: true }, { input, context, render: reloadText })
 */
export async function postCommand(
  path: string,
  body: object,
  question: DaemonQuestion,
): Promise<number> {
  return show(await clientOf(question.input, question.context).post(path, body), question);
}

/** Writes why the daemon did not do it; the exit code. */
export async function showFailure(
  { message, kind }: DaemonFailure,
  { terminal }: CommandContext,
): Promise<number> {
  await terminal.writeError(`${message}\n`);
  return kind === "unreachable" ? exitCodes.unreachable : exitCodes.refused;
}

async function show(
  answer: Result<string, DaemonFailure>,
  { input, context, render }: DaemonQuestion,
): Promise<number> {
  if (!answer.ok) return showFailure(answer.error, context);
  const text = isOptionSet(input, "json") ? answer.value : render(JSON.parse(answer.value));
  await context.terminal.writeOut(text);
  return exitCodes.ok;
}
