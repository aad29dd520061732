// SPDX-License-Identifier: Apache-2.0
import type { Action } from "../model/alert.ts";
import { duration, z } from "../text/schema.ts";
import { parseNeverEntry } from "./never.ts";
import type { RuleSelector } from "./policy.ts";
import { parsePriority } from "./selector.ts";

const laterActions: readonly string[] = ["capture", "disconnect"];
const actionForms =
  "expected deny, pause: container, stop: container, kill: container, kill: process or notify: [OUTPUT]";

function notAvailable(action: string): string {
  return `cannot use the action "${action}": it is not available in this version; ${actionForms}`;
}

function hasOneKey(value: Readonly<Record<string, unknown>>): boolean {
  return Object.values(value).filter((one) => one !== undefined).length === 1;
}

const actionSchema = z
  .union(
    [
      z.literal("deny"),
      z
        .strictObject({
          pause: z.literal("container").optional(),
          stop: z.literal("container").optional(),
          kill: z.enum(["container", "process"]).optional(),
          notify: z.array(z.string()).min(1).optional().describe("Names of outputs"),
          capture: z.never({ error: notAvailable("capture") }).optional(),
          disconnect: z.never({ error: notAvailable("disconnect") }).optional(),
        })
        .refine(hasOneKey, { error: actionForms }),
    ],
    {
      error: ({ input }) =>
        typeof input === "string" && laterActions.includes(input)
          ? notAvailable(input)
          : actionForms,
    },
  )
  .transform((action): Action => {
    if (action === "deny") return { kind: "deny" };
    if (action.notify !== undefined) return { kind: "notify", outputs: action.notify };
    if (action.pause !== undefined) return { kind: "pause" };
    if (action.stop !== undefined) return { kind: "stop" };
    return { kind: action.kill === "process" ? "kill-process" : "kill-container" };
  });

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
    .describe("name:GLOB, label:KEY=VALUE, image:PATTERN or id:HEX of containers left alone"),
});

/** What a policy file may hold. */
export const policiesSchema = z.strictObject({ policies: z.array(policySchema).default([]) });

/** One policy as it was written, defaults filled in. */
export type PolicyInput = z.output<typeof policySchema>;
