// SPDX-License-Identifier: Apache-2.0
import { priorities, priorityNamed, type Priority } from "../model/alert.ts";
import { z } from "../text/schema.ts";

const oneWhat = "expected either rule (a name, with * for any text) or tag";
const oneAction = "expected either enable or disable";

const whatSchema = z
  .strictObject({
    rule: z.string().min(1).optional().describe("Name of a rule; * stands for any text"),
    tag: z.string().min(1).optional(),
  })
  .refine(({ rule, tag }) => (rule === undefined) !== (tag === undefined), { error: oneWhat });

const entrySchema = z
  .strictObject({ enable: whatSchema.optional(), disable: whatSchema.optional() })
  .refine(({ enable, disable }) => (enable === undefined) !== (disable === undefined), {
    error: oneAction,
  });

/** `rules`: which loaded rules to switch on or off, as in falco.yaml. */
export const selectionSchema = z
  .array(entrySchema)
  .default([])
  .describe("Switches loaded rules on and off, in order: - enable: { rule: NAME } or { tag: TAG }");

const expectedPriority = `expected one of ${priorities.join(", ").toLowerCase()}`;

/** `priority`: in any case; `info` is short for informational. */
export const prioritySchema = z
  .string({ error: expectedPriority })
  .meta({ examples: priorities.map((name) => name.toLowerCase()) })
  .transform((word, context): Priority => {
    const priority = priorityNamed(word);
    if (priority !== undefined) return priority;
    context.addIssue({ code: "custom", message: expectedPriority });
    return z.NEVER;
  })
  .prefault("debug")
  .describe("Rules less severe than this are left out");

const extraFieldSchema = z.union([
  z.string().min(1),
  z.record(z.string().min(1), z.string().min(1)).refine((map) => Object.keys(map).length > 0, {
    error: "expected NAME: FORMAT",
  }),
]);

/** `append_output`: what is added to outputs, as in falco.yaml. */
export const appendOutputSchema = z
  .array(
    z.strictObject({
      match: z
        .strictObject({
          source: z.string().min(1).optional(),
          rule: z.string().min(1).optional(),
          tags: z.array(z.string().min(1)).optional(),
        })
        .optional()
        .describe("Which rules; all of them when left out. All that are given must hold"),
      extra_output: z.string().min(1).optional().describe("Added to the output, behind a blank"),
      extra_fields: z
        .array(extraFieldSchema)
        .optional()
        .describe("More output_fields: a field's name, or NAME: FORMAT"),
      suggested_output: z
        .boolean()
        .optional()
        .describe("Adds container_id=%container.id and its like"),
    }),
  )
  .default([])
  .describe("What is added to the outputs of rules");
