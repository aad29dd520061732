// SPDX-License-Identifier: Apache-2.0
import { execFile } from "node:child_process";

/** What a command came to. */
export interface CommandResult {
  /** Exit code; -1 when it could not be started or took longer than a minute. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program with these additions to the environment; never rejects. */
export function run(
  program: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<CommandResult> {
  const options = { timeout: 60_000, env: { ...process.env, ...env } };
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      resolve({ code: typeof code === "number" ? code : -1, stdout, stderr });
    });
  });
}
