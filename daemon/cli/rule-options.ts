// SPDX-License-Identifier: Apache-2.0
import type { Config } from "../config/config.ts";
import { priorities, priorityNamed } from "../model/alert.ts";
import type { RuleSelection } from "../model/rule-settings.ts";
import { type CommandInput, type CommandOption, optionText, type RuleChoice } from "./command.ts";

/** The options of every command that may choose among the rules that are loaded. */
export const ruleOptions: readonly CommandOption[] = [
  {
    flags: "--disable <rules>",
    description: "switch rules off: names (* is any text) or tag:NAME, with commas between",
  },
  { flags: "--enable <rules>", description: "switch rules on, after those that are switched off" },
  {
    flags: "--priority <level>",
    description: "leave rules out that are less severe",
    choices: priorities.map((priority) => priority.toLowerCase()),
  },
];

/** What was chosen; `--disable '*' --enable NAME` leaves that one rule. */
export function readRuleOptions(input: CommandInput): RuleChoice {
  const priority = priorityNamed(optionText(input, "priority") ?? "");
  return {
    rules: [...entriesOf(input, "disable"), ...entriesOf(input, "enable")],
    ...(priority === undefined ? {} : { priority }),
  };
}

/** The configuration with what was chosen. */
export function withRuleChoice(config: Config, { rules, priority }: RuleChoice): Config {
  return {
    ...config,
    rules: [...config.rules, ...rules],
    priority: priority ?? config.priority,
  };
}

function entriesOf(input: CommandInput, action: RuleSelection["action"]): readonly RuleSelection[] {
  const words = (optionText(input, action) ?? "").split(",").map((word) => word.trim());
  return words
    .filter((word) => word !== "")
    .map((word) =>
      word.startsWith("tag:")
        ? { action, by: "tag", pattern: word.slice("tag:".length) }
        : { action, by: "rule", pattern: word },
    );
}
