// SPDX-License-Identifier: Apache-2.0
import type { Expr } from "../../lang/ast.ts";
import { printCondition } from "../../lang/print.ts";
import { jsonText } from "../../util/json-text.ts";
import { printableText } from "../../util/printable-text.ts";
import { isOptionSet, jsonOption, type Command } from "../command.ts";
import { configOption } from "../configured.ts";
import { exitCodes } from "../exit-codes.ts";
import { filesOption, findRule, loadAuthored, namedFiles } from "./authored.ts";
import { rowOf } from "./list.ts";

/** `execwarden rules show`: one rule with everything in place. */
export const rulesShow: Command = {
  path: ["rules", "show"],
  summary: "show a rule with its lists, macros and exceptions in place",
  help: `
Examples:
  execwarden rules show 'Run Web Fetch Program in Container'
  execwarden rules show R --files ./my-rules.yaml --json`,
  arguments: { name: "name", description: "name of the rule" },
  options: [filesOption, configOption, jsonOption],
  async run(input, context) {
    const loaded = await loadAuthored(namedFiles(input), input, context);
    if (loaded === undefined) return exitCodes.checkFailed;
    const found = await findRule(loaded, input.arguments.join(" "), context);
    if (found === undefined) return exitCodes.checkFailed;
    const { rule, collected, expr } = found;
    const macros = new Set<string>();
    if (expr !== undefined) noteMacros(expr, macros);
    const facts = {
      ...rowOf(found, loaded),
      description: rule.description,
      condition: expr === undefined ? null : printCondition(expr),
      output: rule.outputText,
      macros: [...macros],
      exceptions: (collected.parts.exceptions ?? []).map(({ name }) => name.value),
    };
    await context.terminal.writeOut(
      isOptionSet(input, "json") ? `${jsonText(facts)}\n` : textOf(facts, expr),
    );
    return exitCodes.ok;
  },
};

type Facts = ReturnType<typeof rowOf> & {
  readonly description: string;
  readonly output: string;
  readonly macros: readonly string[];
  readonly exceptions: readonly string[];
};

function textOf(facts: Facts, expr: Expr | undefined): string {
  const rows: readonly (readonly [string, string])[] = [
    ["rule", facts.name],
    [
      "state",
      facts.state + (facts.inactiveBecause === undefined ? "" : `: ${facts.inactiveBecause}`),
    ],
    ["place", `${facts.file}:${facts.line}`],
    ["description", facts.description],
    ["priority", facts.priority],
    ["source", facts.source],
    ["tags", facts.tags.join(", ")],
    ["output", facts.output],
    ["macros", facts.macros.join(", ")],
    ["exceptions", facts.exceptions.join(", ")],
  ];
  const lines = rows
    .filter(([, value]) => value !== "")
    .map(([label, value]) => `${label.padEnd(12)} ${printableText(value.replace(/\s+/g, " "))}`);
  const condition = expr === undefined ? [] : ["condition", ...indented(expr, 1)];
  return `${[...lines, ...condition].join("\n")}\n`;
}

/** A condition over several lines: a group that is short stays on one. */
function indented(expr: Expr, depth: number): readonly string[] {
  const indent = "  ".repeat(depth);
  const whole = printCondition(expr);
  if (indent.length + whole.length <= lineLengthMax) return [indent + printableText(whole)];
  switch (expr.kind) {
    case "and":
    case "or":
      return expr.operands.flatMap((operand, i) => [
        ...(i === 0 ? [] : [indent + expr.kind]),
        ...indented(operand, depth + 1),
      ]);
    case "not":
      return [`${indent}not`, ...indented(expr.operand, depth + 1)];
    case "expanded":
      return [`${indent}# ${expr.name}`, ...indented(expr.body, depth)];
    case "macro":
    case "exists":
    case "compare":
      return [indent + printableText(whole)];
  }
}

const lineLengthMax = 100;

function noteMacros(expr: Expr, names: Set<string>): void {
  switch (expr.kind) {
    case "and":
    case "or":
      for (const operand of expr.operands) noteMacros(operand, names);
      return;
    case "not":
      noteMacros(expr.operand, names);
      return;
    case "expanded":
      if (names.has(expr.name)) return;
      names.add(expr.name);
      noteMacros(expr.body, names);
      return;
    case "macro":
    case "exists":
    case "compare":
  }
}
