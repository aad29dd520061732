// SPDX-License-Identifier: Apache-2.0
import type { Command } from "./command.ts";
import { rulesCheck } from "./commands/rules-check.ts";
import { rulesEval } from "./machine/eval.ts";
import { rulesEventTypes } from "./machine/evttypes.ts";
import { rulesFormat } from "./machine/format.ts";
import { rulesLoad } from "./machine/load.ts";
import { rulesMatch } from "./machine/match.ts";
import { rulesParse } from "./machine/parse.ts";

/** Every `rules …` command, in the order that `--help` shows. */
export const rulesCommands: readonly Command[] = [
  rulesCheck,
  rulesParse,
  rulesEval,
  rulesFormat,
  rulesMatch,
  rulesEventTypes,
  rulesLoad,
];
