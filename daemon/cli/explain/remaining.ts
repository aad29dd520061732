// SPDX-License-Identifier: Apache-2.0
import { z } from "../../text/schema.ts";
import {
  remainingBypasses,
  type PolicyReach,
  type RemainingBypass,
} from "../../policy/bypasses.ts";
import type { Policy } from "../../policy/policy.ts";
import { selects } from "../../policy/selector.ts";
import { printableHead } from "../../util/printable-text.ts";
import { err, ok, type Result } from "../../util/result.ts";
import { clientOf } from "../ask.ts";
import type { DaemonFailure } from "../client.ts";
import type { CommandContext, CommandInput } from "../command.ts";
import { readConfigured } from "../configured.ts";
import type { Judgement } from "../judgement.ts";

/** What of gate and witness decides about ways around. */
export type Surroundings = Pick<PolicyReach, "witness" | "isDetectOnly" | "onDeadline"> & {
  readonly isPaused: boolean;
};

const statusSchema = z.object({
  gate: z.object({
    isDetectOnly: z.boolean().default(false),
    onDeadline: z.enum(["allow", "deny"]),
  }),
  witness: z.object({ mode: z.enum(["gaps", "full"]), role: z.string() }).optional(),
  enforcement: z.object({ isPaused: z.boolean() }),
});

/** As the daemon says that they are now. */
export async function surroundingsOfDaemon(
  input: CommandInput,
  context: CommandContext,
): Promise<Result<Surroundings, DaemonFailure>> {
  const answer = await clientOf(input, context).get("/v1/status");
  if (!answer.ok) return answer;
  const { data } = statusSchema.safeParse(JSON.parse(answer.value));
  if (data === undefined) {
    const message = "cannot read the daemon's status: it is of another version than this program";
    return err({ kind: "refused", message });
  }
  const { gate, witness, enforcement } = data;
  const isSeeing = witness !== undefined && witness.role !== "none";
  return ok({ ...gate, witness: isSeeing ? witness.mode : "off", isPaused: enforcement.isPaused });
}

/** As the configuration asks for them, on a kernel that has permission events. */
export async function surroundingsOfFiles(
  input: CommandInput,
  context: CommandContext,
): Promise<Surroundings> {
  const { config } = await readConfigured(input, context);
  return {
    witness: config?.witness.mode ?? "gaps",
    onDeadline: config?.gate.onDeadline ?? "allow",
    ...{ isDetectOnly: false, isPaused: false },
  };
}

/** What a policy makes of every known way around. */
export interface Remaining {
  readonly policy: string;
  readonly origin: string;
  readonly bypasses: readonly RemainingBypass[];
}

/** Holds one policy against the table. */
export function explainRemaining(
  policy: Policy,
  judgement: Judgement,
  { isPaused, ...around }: Surroundings,
): Remaining {
  const rules = judgement.ruleset.enabled.filter(
    (rule) =>
      rule.inactiveBecause === undefined &&
      policy.selectors.some((selector) => selects(selector, rule)),
  );
  const kinds = policy.actions.map(({ kind }) => kind);
  const canKill = kinds.some((kind) => kind.startsWith("kill-") || kind === "stop");
  return {
    policy: policy.info.name,
    origin: judgement.origin,
    bypasses: remainingBypasses({
      ...around,
      fields: new Set(
        policy.isEnabled ? rules.flatMap(({ name }) => [...judgement.fieldsOf(name)]) : [],
      ),
      canDeny: kinds.includes("deny"),
      canKill,
      unenforcedBecause: unenforced(policy, judgement.mode, isPaused),
    }),
  };
}

function unenforced(
  { info }: Policy,
  mode: Judgement["mode"],
  isPaused: boolean,
): string | undefined {
  if (mode === "monitor") return "the daemon's mode is monitor: nothing is enforced";
  if (info.mode === "monitor") return "the policy's mode is monitor";
  return isPaused ? "enforcement is paused" : undefined;
}

/** A table for people. */
export function remainingText({ policy, origin, bypasses }: Remaining): string {
  const lines = bypasses.map(
    ({ id, name, fate, because }) =>
      `  ${fate.padEnd(20)} ${id.padEnd(16)} ${name}\n${" ".repeat(40)}${printableHead(because, 300)}`,
  );
  const head = `policy "${printableHead(policy, 100)}" by ${printableHead(origin, 200)}: ways around (docs/bypasses.md)`;
  return `${[head, ...lines].join("\n")}\n`;
}
