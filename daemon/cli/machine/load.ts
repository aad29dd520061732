// SPDX-License-Identifier: Apache-2.0
import { memberOf, textMember, toList } from "../../util/unknown-value.ts";
import { printCondition } from "../../lang/print.ts";
import type { Compilation } from "../../rules/compile.ts";
import { falcoCodeOf } from "../../rules/falco-codes.ts";
import type { RecordEvent } from "../../rules/fields/record.ts";
import { unmetPlugins } from "../../rules/required-versions.ts";
import { selectRules } from "../../rules/selection.ts";
import type { Diagnostic } from "../../text/diagnostic.ts";
import { loadFiles, selectionOf, type LoadedCase } from "./engine.ts";
import { machineCommand } from "./run.ts";

/** `rules load`: what comes of loading these files? */
export const rulesLoad = machineCommand({
  name: "load",
  summary: "machine interface: load rule files (NDJSON on standard input)",
  help: `
  in   {"id": 1, "files": ["- rule: R\\n  …"]}
       also: "sources", "plugins": [{name, version}], "selection", "min_priority", "append_output", "no_container"
  out  {"id": 1, "ok": true, "errors": [], "warnings": ["LOAD_NO_EVTTYPE"], "messages": ["…"],
        "rules": {"R": {"condition": "…", "enabled": true, "priority": "Informational", "output": "…", "tags": [], "source": "syscall"}},
        "lists": {"name": ["item"]}, "macros": {"name": "condition"}}`,
  createAnswerer: () => answerLoad,
});

/** What comes of loading the files of a case. */
export function answerLoad(input: unknown): object {
  const loaded = loadFiles(input);
  const { error, warnings, compilation } = loaded.result;
  const errors = error === undefined ? [] : [error];
  return {
    ok: error === undefined,
    errors: codesOf(errors),
    warnings: [...codesOf(warnings)].sort(),
    messages: [...errors, ...warnings].map(({ message }) => message),
    ...pluginsAnswer(input, loaded),
    ...contentOf(loaded, compilation),
    ...selectionAnswer(input, compilation),
  };
}

function codesOf(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.flatMap((diagnostic) => falcoCodeOf(diagnostic) ?? []);
}

function pluginsAnswer(input: unknown, { loader }: LoadedCase): object {
  const given = memberOf(input, "plugins");
  if (given === undefined) return {};
  const plugins = toList(given).map((plugin) => ({
    name: textMember(plugin, "name") ?? "",
    version: textMember(plugin, "version") ?? "",
  }));
  return { plugins_ok: unmetPlugins(loader.collection.plugins, plugins).length === 0 };
}

function contentOf(
  { loader }: LoadedCase,
  compilation: Compilation<RecordEvent> | undefined,
): object {
  const rules = compilation?.rules.flatMap(({ rule, expr }) => {
    if (expr === undefined) return [];
    const { name, priority, tags, source, isEnabled: enabled, outputText: output } = rule;
    const condition = printCondition(expr);
    return [[name, { condition, enabled, priority, output, tags, source }] as const];
  });
  const lists = [...loader.collection.lists.keys()].map((name) => [
    name,
    compilation?.lists.itemsOf(name) ?? [],
  ]);
  const macros = [...loader.collection.macros.keys()].map((name) => {
    const macro = compilation?.macros.find(name);
    return [name, macro === undefined ? null : printCondition(macro.body)];
  });
  return {
    rules: Object.fromEntries(rules ?? []) as object,
    lists: Object.fromEntries(compilation === undefined ? [] : lists) as object,
    macros: Object.fromEntries(compilation === undefined ? [] : macros) as object,
  };
}

function selectionAnswer(
  input: unknown,
  compilation: Compilation<RecordEvent> | undefined,
): object {
  if (compilation === undefined) return {};
  const known = compilation.rules.filter(({ expr }) => expr !== undefined);
  const rules = known.map(({ rule }) => rule);
  const inForce = new Set(selectRules(rules, selectionOf(input)));
  const names = rules.filter((rule) => inForce.has(rule)).map(({ name }) => name);
  return { enabled_after_selection: names, enabled_count: names.length };
}
