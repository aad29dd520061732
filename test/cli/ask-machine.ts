// Asks a command of the machine interface, as `execwarden rules COMMAND` does.
// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { createProgram } from "../../daemon/cli/program.ts";
import { readSources } from "../../daemon/host/files.ts";

/** The answers to these cases, in their order; a text is a line as it is. */
export async function ask(
  command: string,
  cases: readonly (object | string)[],
): Promise<readonly object[]> {
  let out = "";
  const lines = cases.map((item) => (typeof item === "string" ? item : JSON.stringify(item)));
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
    readSources,
    readInputLines: async function* () {
      yield* await Promise.resolve([lines]);
    },
    defaults: { version: "1", configFile: "/nowhere/x.yaml", socketPath: "/nowhere/x.sock" },
  });
  t.equal(await program.run(["rules", command]), 0);
  return out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
}
