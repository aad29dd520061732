// SPDX-License-Identifier: Apache-2.0
import { recordSubject, type RecordEvent } from "../../rules/fields/record.ts";
import { falcoCodeOf, falcoCodeTexts } from "../../rules/falco-codes.ts";
import { readRuleFile } from "../../rules/read.ts";
import { builtInPlugins, unmetPlugins } from "../../rules/required-versions.ts";
import { SequentialLoader, type FileResult } from "../../rules/sequential.ts";
import type { Diagnostic } from "../../text/diagnostic.ts";
import { renderDiagnostics } from "../../text/render.ts";
import { createLineTable } from "../../text/source.ts";
import { jsonText } from "../../util/json-text.ts";
import type { CommandContext, CommandInput } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

/** Loads each file as Falco's validation does and writes its JSON; the exit code is Falco's. */
export async function checkAsFalco(
  { arguments: paths }: CommandInput,
  { terminal, readSources }: CommandContext,
): Promise<number> {
  const { sources, diagnostics } = await readSources(paths, { missing: "error" });
  if (diagnostics.length > 0 || sources.length === 0) {
    await terminal.writeError(
      renderDiagnostics(diagnostics) || "cannot check nothing: name one or more rule files\n",
    );
    return exitCodes.checkFailed;
  }
  const loader = new SequentialLoader({ subject: recordSubject(), append: [] });
  const results: object[] = [];
  let isGood = true;
  for (const source of sources) {
    const result = loader.load(readRuleFile(source));
    const [unmet] = unmetPlugins(loader.collection.plugins, builtInPlugins);
    if (unmet !== undefined) {
      await terminal.writeError(renderDiagnostics([unmet]));
      return exitCodes.checkFailed;
    }
    isGood &&= result.error === undefined;
    results.push(resultOf(source.name, result));
  }
  await terminal.writeOut(`${jsonText({ falco_load_results: results })}\n`);
  return isGood ? exitCodes.ok : exitCodes.checkFailed;
}

function resultOf(name: string, { error, warnings }: FileResult<RecordEvent>): object {
  const errors = error === undefined ? [] : [error];
  return {
    errors: errors.flatMap(faultOf),
    name,
    schema_valid: "none",
    schema_warnings: [],
    successful: error === undefined,
    warnings: warnings.flatMap(faultOf),
  };
}

function faultOf(diagnostic: Diagnostic): readonly object[] {
  const code = falcoCodeOf(diagnostic);
  const { span, message } = diagnostic;
  if (code === undefined) return [];
  const place = { name: "", line: 0, column: 0, offset: 0 };
  if (span === undefined) {
    return [
      { code, codedesc: falcoCodeTexts[code], context: { locations: [], snippet: "" }, message },
    ];
  }
  const table = createLineTable(span.source);
  const { line, column } = table.positionOf(span.start);
  const position = { ...place, name: span.source.name, line, column, offset: span.start };
  const locations = [{ item_name: "", item_type: "rules content", position }];
  const snippet = `${table.lineText(line)}\n${" ".repeat(column - 1)}^\n`;
  return [{ code, codedesc: falcoCodeTexts[code], context: { locations, snippet }, message }];
}
