// SPDX-License-Identifier: Apache-2.0
import type { Command } from "./command.ts";
import { rulesCheck } from "./commands/rules-check.ts";
import { rulesExplain } from "./rules/explain.ts";
import { rulesFields } from "./rules/fields.ts";
import { rulesFmt } from "./rules/fmt.ts";
import { rulesList } from "./rules/list.ts";
import { rulesShow } from "./rules/show.ts";
import { rulesTest } from "./rules/test.ts";
import { rulesEval } from "./machine/eval.ts";
import { rulesEventTypes } from "./machine/evttypes.ts";
import { rulesFormat } from "./machine/format.ts";
import { rulesLoad } from "./machine/load.ts";
import { rulesMatch } from "./machine/match.ts";
import { rulesParse } from "./machine/parse.ts";

/** Every `rules …` command, in the order that `--help` shows. */
export const rulesCommands: readonly Command[] = [
  rulesCheck,
  rulesList,
  rulesShow,
  rulesFields,
  rulesExplain,
  rulesTest,
  rulesFmt,
  rulesParse,
  rulesEval,
  rulesFormat,
  rulesMatch,
  rulesEventTypes,
  rulesLoad,
];
