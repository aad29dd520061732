// SPDX-License-Identifier: Apache-2.0
import type {
  AppendOutput,
  ExtraField,
  RuleSelection,
  RuleSettings,
} from "../model/rule-settings.ts";
import type { Config } from "./config.ts";
import type { ConfigInput } from "./schema.ts";

/** The settings of rules, for those who load them. */
export function ruleSettingsOf(config: Config): RuleSettings {
  const { rules: selection, priority: minPriority, ruleMatching: matching } = config;
  return { selection, minPriority, matching, append: config.appendOutput };
}

/** One entry of `rules`, in the words of the program. */
export function toSelection(entry: ConfigInput["rules"][number]): readonly RuleSelection[] {
  return (["enable", "disable"] as const).flatMap((action) =>
    (["rule", "tag"] as const).flatMap((by) => {
      const pattern = entry[action]?.[by];
      return pattern === undefined ? [] : [{ action, by, pattern }];
    }),
  );
}

/** One entry of `append_output`, in the words of the program. */
export function toAppendOutput(entry: ConfigInput["append_output"][number]): AppendOutput {
  const { match, extra_output, extra_fields = [], suggested_output } = entry;
  const { source, rule, tags } = match ?? {};
  return {
    match: {
      ...(source === undefined ? {} : { source }),
      ...(rule === undefined ? {} : { rule }),
      ...(tags === undefined ? {} : { tags }),
    },
    ...(extra_output === undefined ? {} : { extraOutput: extra_output }),
    extraFields: extra_fields.flatMap(toExtraFields),
    ...(suggested_output === undefined ? {} : { isSuggested: suggested_output }),
  };
}

/** `evt.cpu` is one field, with the type of its value; `{name: format}` is text. */
function toExtraFields(field: string | Readonly<Record<string, string>>): readonly ExtraField[] {
  if (typeof field === "string") return [{ name: field, format: `%${field}`, isRaw: true }];
  return Object.entries(field).map(([name, format]) => ({ name, format, isRaw: false }));
}
