// SPDX-License-Identifier: Apache-2.0
import type { ExplainedCheck, ExplainedOperand, Explanation } from "../../lang/explain.ts";
import type { Value } from "../../lang/field.ts";
import type { PlannedAction } from "../../model/decision.ts";
import { fromByteString } from "../../util/byte-string.ts";
import { printableHead } from "../../util/printable-text.ts";
import type { ExplainedRule, PolicyExplanation } from "./explain.ts";

/** An explanation for people. */
export function explanationText(explanation: PolicyExplanation, hasColor: boolean): string {
  const { origin, mode, allowlists, rules, rulesTried, decision } = explanation;
  const lines = [
    `judged by   ${shown(origin)}, mode ${mode}`,
    `allowlists  ${shown(allowlists.join(", ")) || "none"}`,
    ...programLine(explanation),
    `rules       ${rules.filter(({ matches }) => matches).length} of ${rulesTried} match`,
    "",
    ...rules.flatMap((rule) => [...ruleLines(rule, { explanation, hasColor }), ""]),
    `verdict     ${decision.verdict}${rules.some(({ matches }) => matches) ? "" : ": no rule matches, so no policy is asked"}`,
  ];
  return `${lines.join("\n")}\n`;
}

function programLine({ program }: PolicyExplanation): readonly string[] {
  if (program === undefined) return [];
  const how = program.isByPath
    ? "by the path alone, as if it were the image's own file and no link (see --path)"
    : "as it was judged";
  return [`program     ${program.because}: ${how}`];
}

interface Style {
  readonly explanation: PolicyExplanation;
  readonly hasColor: boolean;
}

function ruleLines(explained: ExplainedRule, style: Style): readonly string[] {
  const { rule, matches, notTried, explanation, aside } = explained;
  const state =
    notTried === undefined ? (matches ? "matches" : "does not match") : `is not tried: ${notTried}`;
  const decided = style.explanation.decision.matches.find((match) => match.rule.name === rule.name);
  const policies = decided?.policies ?? [];
  return [
    `rule "${shown(rule.name)}" (${rule.priority}) ${state}`,
    ...(explanation === undefined ? [] : partLines(explanation, 1, style.hasColor)),
    ...policies.flatMap((policy) => [
      `  policy "${shown(policy.name)}" applies (${policy.mode})`,
      ...(decided?.actions ?? [])
        .filter(({ policyName }) => policyName === policy.name)
        .map((planned) => `    ${actionText(planned)}`),
    ]),
    ...aside.map(({ policy, because }) => `  policy "${shown(policy)}" does not apply: ${because}`),
  ];
}

const standings = {
  do: "would be done",
  "would-do": "would be done if enforced",
  suppressed: "suppressed",
  "not-possible": "cannot be done",
} as const satisfies Record<PlannedAction["status"], string>;

function actionText({ action, status, detail }: PlannedAction): string {
  const target = action.kind === "notify" ? ` ${shown(action.outputs.join(", "))}` : "";
  return `${action.kind}${target}: ${standings[status]}${detail === undefined ? "" : ` (${shown(detail)})`}`;
}

/** Parts that did not decide are left out: of a false "and" the true ones, of a true "or" the false ones. */
export function partLines(part: Explanation, depth: number, hasColor: boolean): readonly string[] {
  const indent = "  ".repeat(depth);
  const mark = markOf(part.holds, hasColor);
  switch (part.kind) {
    case "check":
      return [`${indent}${mark} ${shown(part.text)}${valuesText(part)}`];
    case "not":
      return [`${indent}${mark} not`, ...partLines(part.part, depth + 1, hasColor)];
    case "macro":
      return [`${indent}${mark} ${shown(part.name)}`, ...partLines(part.part, depth + 1, hasColor)];
    case "and":
    case "or": {
      const isDecidedByOne = (part.kind === "or") === part.holds;
      const parts = isDecidedByOne
        ? part.parts.filter(({ holds }) => holds === part.holds)
        : part.parts;
      const word = part.kind === "and" ? "all of" : "any of";
      const left = part.parts.length - parts.length;
      const more = left === 0 ? "" : ` (${left} more ${part.holds ? "false" : "true"})`;
      return [
        `${indent}${mark} ${word}${more}`,
        ...parts.flatMap((inner) => partLines(inner, depth + 1, hasColor)),
      ];
    }
  }
}

function markOf(holds: boolean, hasColor: boolean): string {
  const word = holds ? "true " : "false";
  return hasColor ? `\u001b[${holds ? 32 : 31}m${word}\u001b[0m` : word;
}

function valuesText({ operands }: ExplainedCheck): string {
  return operands.length === 0 ? "" : `   [${operands.map(operandText).join("; ")}]`;
}

function operandText({ name, value, isNeverFilled }: ExplainedOperand): string {
  if (isNeverFilled) return `${shown(name)} never has a value`;
  return `${shown(name)} ${value === undefined ? "has no value" : `is ${valueText(value)}`}`;
}

function valueText(value: Value): string {
  if (typeof value === "string") return `"${shown(fromByteString(value))}"`;
  return typeof value === "object" ? `(${value.map(valueText).join(", ")})` : String(value);
}

function shown(text: string): string {
  return printableHead(text, 300);
}
