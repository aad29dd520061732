// Asks a command of the machine interface, as `execwarden rules COMMAND` does.
// SPDX-License-Identifier: Apache-2.0
import { createProgram } from "../../daemon/cli/program.ts";

/** The answers to these cases, in their order. */
export async function ask(command: string, cases: readonly object[]): Promise<readonly object[]> {
  let out = "";
  const program = createProgram({
    terminal: {
      writeOut: (text) => {
        out += text;
        return Promise.resolve();
      },
      writeError: () => Promise.resolve(),
      isTerminal: false,
      isErrorTerminal: false,
      hasColor: false,
      interrupted: new AbortController().signal,
    },
    runDaemon: () => Promise.resolve(0),
    createFile: () => Promise.resolve(),
    replaceFile: () => Promise.resolve(),
    readSources: () => Promise.resolve({ sources: [], diagnostics: [] }),
    readInputLines: async function* () {
      yield* await Promise.resolve([cases.map((item) => JSON.stringify(item))]);
    },
    defaults: { version: "1", configFile: "/nowhere/x.yaml", socketPath: "/nowhere/x.sock" },
  });
  await program.run(["rules", command]);
  return out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
}
