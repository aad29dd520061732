// SPDX-License-Identifier: Apache-2.0
import type { Action } from "../model/alert.ts";
import { nearestName } from "../text/nearest.ts";
import { duration, z } from "../text/schema.ts";

/** What `kill: { signal: … }` may send: signal(7), those that a program can be told something with. */
const signals = [
  "HUP",
  "INT",
  "QUIT",
  "ABRT",
  "KILL",
  "USR1",
  "USR2",
  "ALRM",
  "TERM",
  "CONT",
  "STOP",
  "WINCH",
] as const;

/** How each action is written, for messages. */
const formOf: Readonly<Record<string, string>> = {
  deny: "deny",
  pause: "pause: container",
  unpause: "unpause: container",
  stop: "stop: container",
  restart: "restart: container",
  kill: "kill: container, process or process-tree",
  disconnect: "disconnect: networks",
  hook: "hook: { program: [/path/of/program] }",
  notify: "notify: [OUTPUT]",
};
const actionForms = `expected ${Object.values(formOf).slice(0, -1).join(", ")} or ${formOf["notify"] ?? ""}`;
const laterActions: readonly string[] = ["capture"];

function notAvailable(action: string): string {
  return `cannot use the action "${action}": it is not available in this version; ${actionForms}`;
}

/** What is wrong with an item that is a word, a number or a list. */
function wordFault(input: unknown): string {
  if (typeof input !== "string") return actionForms;
  if (laterActions.includes(input)) return notAvailable(input);
  const nearest = nearestName(input, Object.keys(formOf));
  if (nearest === undefined) return actionForms;
  const form = formOf[nearest] ?? "";
  return nearest === input
    ? `cannot use the action "${input}" alone: write ${form}`
    : `cannot read the action "${input}": did you mean "${form}"?`;
}

const graceForms = "expected container, or a map such as { grace: 10s }";
const stopSchema = z.union(
  [
    z.literal("container"),
    z.strictObject({
      target: z.literal("container").default("container"),
      grace: duration({ min: "0s", max: "10m" })
        .optional()
        .describe("Between the stop signal and SIGKILL; 10s when left out"),
    }),
  ],
  { error: graceForms },
);

const signalSchema = z.string().transform((text, context) => {
  const name = text.toUpperCase().replace(/^SIG/, "");
  const signal = signals.find((one) => one === name);
  if (signal !== undefined) return `SIG${signal}`;
  const nearest = nearestName(name, signals);
  const end =
    nearest === undefined ? `there are ${signals.join(", ")}` : `did you mean "${nearest}"?`;
  context.addIssue({ code: "custom", message: `cannot send the signal "${text}": ${end}` });
  return z.NEVER;
});

const killForms =
  "expected container, process, process-tree, or a map such as { target: container, signal: TERM }";
const killTargets = z.enum(["container", "process", "process-tree"]);
const killSchema = z.union(
  [
    killTargets,
    z
      .strictObject({
        target: killTargets,
        signal: signalSchema
          .optional()
          .describe("To the container's main process; KILL when left out"),
      })
      .refine(({ target, signal }) => signal === undefined || target === "container", {
        error:
          "cannot choose the signal for a process: it gets KILL, which no process can ignore; a signal goes with target: container",
      }),
  ],
  { error: killForms },
);

const programForms =
  "expected a list of an absolute path and its arguments, such as [/usr/local/bin/page, --urgent]";
const userForms = 'expected a user\'s name, a uid, or UID:GID such as "1000:1000"';
const userSchema = z
  .union(
    [
      z.string().regex(/^([a-z_][a-z0-9_-]{0,31}|\d{1,10}(:\d{1,10})?)$/i, { error: userForms }),
      z.int().min(0),
    ],
    {
      error: userForms,
    },
  )
  .transform(String);

const hookSchema = z.strictObject({
  program: z
    .array(z.string(), { error: programForms })
    .min(1, { error: programForms })
    .max(64)
    .refine(([path = ""]) => path.startsWith("/") && !path.endsWith("/"), { error: programForms })
    .refine((argv) => argv.every((text) => !text.includes("\0")), { error: programForms })
    .describe("An absolute path and its arguments; there is no shell"),
  user: userSchema.default("nobody").describe("Whom it runs as; no supplementary groups"),
  timeout: duration({ min: "100ms", max: "10m" })
    .prefault("10s")
    .describe("It is told to end then (SIGTERM), and killed two seconds later"),
});

function hasOneKey(value: Readonly<Record<string, unknown>>): boolean {
  return Object.values(value).filter((one) => one !== undefined).length === 1;
}

const objectSchema = z
  .strictObject({
    pause: z.literal("container").optional(),
    unpause: z.literal("container").optional(),
    stop: stopSchema.optional(),
    restart: stopSchema.optional(),
    kill: killSchema.optional(),
    disconnect: z.literal("networks").optional(),
    hook: hookSchema.optional(),
    notify: z.array(z.string()).min(1).optional().describe("Names of outputs"),
    capture: z.never({ error: notAvailable("capture") }).optional(),
  })
  .refine(hasOneKey, { error: actionForms });

/** One item of a policy's `actions`. */
export const actionSchema = z
  .union([z.literal("deny"), objectSchema], { error: ({ input }) => wordFault(input) })
  .transform((action): Action => (action === "deny" ? { kind: "deny" } : toAction(action)));

function toAction(action: z.output<typeof objectSchema>): Action {
  const { notify, pause, unpause, stop, restart, kill, hook } = action;
  if (notify !== undefined) return { kind: "notify", outputs: notify };
  if (pause !== undefined) return { kind: "pause" };
  if (unpause !== undefined) return { kind: "unpause" };
  if (stop !== undefined) return { kind: "stop", ...graceOf(stop) };
  if (restart !== undefined) return { kind: "restart", ...graceOf(restart) };
  if (kill !== undefined) return toKill(kill);
  if (hook !== undefined)
    return { kind: "hook", program: hook.program, user: hook.user, timeoutMs: hook.timeout };
  return { kind: "disconnect" };
}

function graceOf(stop: z.output<typeof stopSchema>): { readonly graceMs?: number } {
  return stop === "container" || stop.grace === undefined ? {} : { graceMs: stop.grace };
}

function toKill(kill: z.output<typeof killSchema>): Action {
  const { target, signal } =
    typeof kill === "string" ? { target: kill } : { signal: undefined, ...kill };
  switch (target) {
    case "process":
      return { kind: "kill-process" };
    case "process-tree":
      return { kind: "kill-process-tree" };
    case "container":
      return { kind: "kill-container", ...(signal === undefined ? {} : { signal }) };
  }
}
