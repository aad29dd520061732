// SPDX-License-Identifier: Apache-2.0
import type { Event } from "../../model/event.ts";
import type { CompiledRule } from "../../rules/check-rules.ts";
import { createLineTable } from "../../text/source.ts";
import { jsonText } from "../../util/json-text.ts";
import { printableText } from "../../util/printable-text.ts";
import { isOptionSet, jsonOption, type Command } from "../command.ts";
import { configOption } from "../configured.ts";
import { ruleOptions } from "../rule-options.ts";
import { exitCodes } from "../exit-codes.ts";
import type { LoadResult } from "../../rules/load.ts";
import { loadAuthored } from "./authored.ts";

/** `execwarden rules list`: which rules are there, and which of them can match anything? */
export const rulesList: Command = {
  path: ["rules", "list"],
  summary: "list rules: enabled or not, inactive because …, priority, tags, source, place",
  help: `
A rule that is inactive can never match here: no event gives the fields or event types that it asks for.

Examples:
  execwarden rules list
  execwarden rules list ./my-rules.yaml --json`,
  arguments: { name: "files", description: "rule files, or directories of them" },
  options: [configOption, ...ruleOptions, jsonOption],
  async run(input, context) {
    const loaded = await loadAuthored(input.arguments, input, context);
    if (loaded === undefined) return exitCodes.checkFailed;
    const rows = loaded.compilation.rules.map((rule) => rowOf(rule, loaded));
    const text = isOptionSet(input, "json") ? `${jsonText(rows)}\n` : rows.map(textOf).join("");
    await context.terminal.writeOut(text);
    return exitCodes.ok;
  },
};

/** What is told of a rule. */
export function rowOf(
  { rule, collected }: CompiledRule<Event>,
  { ruleset }: LoadResult,
): {
  readonly name: string;
  readonly state: "active" | "inactive" | "disabled";
  readonly isOffByConfiguration: boolean;
  readonly inactiveBecause?: string;
  readonly priority: string;
  readonly tags: readonly string[];
  readonly source: string;
  readonly file: string;
  readonly line: number;
} {
  const { name, priority, tags, source, inactiveBecause } = rule;
  const { span } = collected.name;
  const { line } = createLineTable(span.source).positionOf(span.start);
  const isEnabled = ruleset?.enabled.includes(rule) ?? rule.isEnabled;
  const state = !isEnabled ? "disabled" : inactiveBecause === undefined ? "active" : "inactive";
  const why = inactiveBecause === undefined ? {} : { inactiveBecause };
  // Its file has it on: the configuration's rules or priority have it off.
  const isOffByConfiguration = rule.isEnabled && !isEnabled;
  return {
    name,
    state,
    isOffByConfiguration,
    ...why,
    priority,
    tags,
    source,
    file: span.source.name,
    line,
  };
}

function textOf(row: ReturnType<typeof rowOf>): string {
  const { name, state, priority, tags, source, file, line } = row;
  const why = row.inactiveBecause === undefined ? "" : `: ${row.inactiveBecause}`;
  const facts = [priority, source, ...(tags.length > 0 ? [tags.join(" ")] : [])].join("  ");
  const off = row.isOffByConfiguration ? "  (by the configuration)" : "";
  const head = `${state.padEnd(8)}  ${printableText(name)}${off}`;
  return `${head}\n            ${printableText(facts)}\n            ${printableText(`${file}:${line}`)}\n${
    why === "" ? "" : `            inactive${printableText(why)}\n`
  }`;
}
