// SPDX-License-Identifier: Apache-2.0
import { json } from "../reply.ts";
import { nothing, route } from "../route.ts";

/** GET /v1/sources: the texts that the generation in force was made of. */
export const sourcesRoute = route({
  method: "GET",
  path: "/v1/sources",
  summary: "The rule, policy and allowlist files of the generation in force, as texts",
  access: "read",
  query: nothing,
  body: nothing,
  handler({ tools }) {
    const { ruleSettings, outputNames: output_names, ...loaded } = tools.loaded();
    const { generation, mode, rules, policies, allowlist } = loaded;
    const { selection, minPriority, matching } = ruleSettings;
    return json({
      ...{ generation, mode, rules, policies, allowlist, output_names },
      rule_settings: { selection, priority: minPriority, rule_matching: matching },
    });
  },
});
