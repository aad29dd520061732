// What was found out about an exec beside the gate, judged by the same rules. In the guard thread.
// SPDX-License-Identifier: Apache-2.0
import type { Drafting } from "./drafting.ts";
import type { ExecEvent } from "./model/event.ts";
import type { PipelineOptions } from "./pipeline-port.ts";
import { withFoundVerdict } from "./program-judgement.ts";

/** Drafts alerts of the rules that match, but for those in `told`, which have spoken already. Nothing waits for it. */
export function judgeFinding(
  { clients, judge, nextNumber }: Pick<PipelineOptions, "clients" | "judge" | "nextNumber">,
  drafting: Drafting,
  { event: finding, told }: { readonly event: ExecEvent; readonly told: ReadonlySet<string> },
): void {
  const named = clients.name({ ...finding, number: nextNumber() });
  const event = withFoundVerdict(named, judge.programListsOf(named.container));
  const rules = judge.match(event).filter(({ name }) => !told.has(name));
  if (rules.length === 0) return;
  const decision = judge.decide(event, rules);
  drafting.draft({ event, rules, decision, answered: { verdict: "allow" } });
}
