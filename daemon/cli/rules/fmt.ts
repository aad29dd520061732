// SPDX-License-Identifier: Apache-2.0
import { formatRuleFile } from "../../rules/format.ts";
import { hasErrors, type Diagnostic } from "../../text/diagnostic.ts";
import { renderDiagnostics } from "../../text/render.ts";
import { isOptionSet, type Command } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

/** `execwarden rules fmt`: one layout for rule files. */
export const rulesFmt: Command = {
  path: ["rules", "fmt"],
  summary: "lay rule files out in one way; what they say stays the same",
  help: `
Comments stay; keys come in one order; conditions are laid out one clause a line. A file is only written
when what it says is the same before and after. Names of files that were changed are written.

Examples:
  execwarden rules fmt ./my-rules.yaml
  execwarden rules fmt --check /etc/execwarden/rules.d`,
  arguments: { name: "files", description: "rule files, or directories of them" },
  options: [
    {
      flags: "--check",
      description: "write nothing; exit with 1 where a file is not laid out so, and name it",
    },
  ],
  async run(input, { terminal, readSources, replaceFile }) {
    if (input.arguments.length === 0) {
      await terminal.writeError("cannot format nothing: name one or more rule files\n");
      return exitCodes.usage;
    }
    const isCheck = isOptionSet(input, "check");
    const { sources, diagnostics } = await readSources(input.arguments, { missing: "error" });
    const faults: Diagnostic[] = [...diagnostics];
    let changed = 0;
    for (const source of sources) {
      const { text, diagnostics: found } = formatRuleFile(source);
      faults.push(...found);
      if (text === undefined || text === source.text) continue;
      changed += 1;
      if (!isCheck) await replaceFile(source.name, text);
      await terminal.writeOut(`${source.name}\n`);
    }
    if (faults.length > 0) await terminal.writeError(renderDiagnostics(faults));
    return hasErrors(faults) || (isCheck && changed > 0) ? exitCodes.checkFailed : exitCodes.ok;
  },
};
