// SPDX-License-Identifier: Apache-2.0
import { duration, z } from "../text/schema.ts";
import { actionSchema } from "./action-schema.ts";
import { parseNeverEntry } from "./never.ts";
import type { RuleSelector } from "./policy.ts";
import { parsePriority } from "./selector.ts";

function hasOneKey(value: Readonly<Record<string, unknown>>): boolean {
  return Object.values(value).filter((one) => one !== undefined).length === 1;
}

const prioritySchema = z.string().transform((text, context) => {
  const priority = parsePriority(text);
  if (priority !== undefined) return priority;
  const message =
    "expected emergency, alert, critical, error, warning, notice, informational or debug";
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

const selectorForms = 'expected the name of a rule, "tag: NAME" or "priority: NAME"';

const selectorSchema = z
  .union(
    [
      z.string().min(1, { error: selectorForms }),
      z
        .strictObject({
          tag: z.string().optional().describe("Every rule with this tag"),
          priority: prioritySchema.optional().describe("Every rule at least as severe as this"),
        })
        .refine(hasOneKey, { error: selectorForms }),
    ],
    { error: selectorForms },
  )
  .transform((selector): RuleSelector => {
    if (typeof selector === "string") return { kind: "name", name: selector };
    if (selector.priority !== undefined) return { kind: "priority", atLeast: selector.priority };
    return { kind: "tag", tag: selector.tag ?? "" };
  });

const neverSchema = z.string().transform((text, context) => {
  const result = parseNeverEntry(text);
  if ("entry" in result) return result.entry;
  const message = `cannot read the "never" entry "${text}": ${result.problem}`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

const policySchema = z.strictObject({
  name: z.string().min(1).describe("Unique over all policy files; alerts carry it"),
  description: z.string().optional(),
  severity: z
    .enum(["high", "medium", "low", "info"])
    .default("medium")
    .describe("The policy's own, not the rule's priority"),
  enabled: z.boolean().default(true),
  runbook: z.string().optional().describe("What to do about it; carried in every alert"),
  rules: z.array(selectorSchema).min(1),
  scope: z
    .string()
    .optional()
    .describe("A condition over container., image. and host fields; everywhere when left out"),
  mode: z
    .enum(["monitor", "enforce"])
    .default("monitor")
    .describe("monitor: record what would have been done. enforce: do it"),
  actions: z.array(actionSchema).default([]),
  limits: z
    .strictObject({
      cooldown: duration({ min: "1s", max: "24h" })
        .optional()
        .describe("After it acted in a container, the policy leaves it alone for this long"),
      max_actions_per_minute: z.int().min(1).max(600).optional(),
    })
    .default({})
    .describe("For actions on containers and processes; deny and notify are never limited"),
  never: z
    .array(neverSchema)
    .default([])
    .describe(
      "name:GLOB, label:KEY or label:KEY=VALUE, image:PATTERN, compose:PROJECT or compose:PROJECT/SERVICE, id:HEX: containers left alone",
    ),
});

/** What a policy file may hold. */
export const policiesSchema = z.strictObject({ policies: z.array(policySchema).default([]) });

/** One policy as it was written, defaults filled in. */
export type PolicyInput = z.output<typeof policySchema>;
