// From what was decided to the drafts of alerts: one for each rule that matched, less the repeats of a flood.
// SPDX-License-Identifier: Apache-2.0
import { draftAlert } from "./guard/alert-draft.ts";
import type { ExecBudget } from "./guard/exec-budget.ts";
import { floodBegan, floodEnded } from "./guard/flood-alert.ts";
import type { Verdict } from "./model/alert.ts";
import type { BudgetSettings } from "./model/budget.ts";
import type { Decision, MatchDecision, PlannedAction } from "./model/decision.ts";
import type { ExecEvent, Host } from "./model/event.ts";
import type { AlertDraft } from "./model/guard-messages.ts";
import type { Rule } from "./rules/ruleset.ts";

/** What the kernel was told, and why it was not told to refuse what was to be refused. */
export interface Answered {
  readonly verdict: Verdict;
  readonly overruled?: string;
}

/** An exec that rules have matched, and what came of it. */
export interface Told {
  readonly event: ExecEvent;
  readonly rules: readonly Rule[];
  readonly decision: Decision;
  readonly answered: Answered;
}

/** Where drafts go, and what bounds them. */
export interface DraftingOptions {
  readonly budget: ExecBudget;
  readonly bounds: { readonly budget: BudgetSettings };
  readonly host: Host;
  readonly onDrafts: (drafts: readonly AlertDraft[]) => void;
  readonly monotonicMs: () => number;
  /** When CLOCK_MONOTONIC was 0, nanoseconds since the epoch. */
  readonly boot: { readonly ns: bigint };
}

/** Drafts the alerts of execs, and those of floods of them. */
export class Drafting {
  readonly #options: DraftingOptions;

  constructor(options: DraftingOptions) {
    this.#options = options;
  }

  /** Counts an exec of a container, seen at `nowMs` (monotonic), against its budget. */
  count({ container, timeNs }: ExecEvent, nowMs: number): void {
    if (container === undefined) return;
    const { budget, bounds, host, onDrafts } = this.#options;
    const flood = budget.count(container, nowMs);
    if (flood !== undefined) onDrafts([floodBegan(flood, bounds.budget, { timeNs, host })]);
  }

  /** Tells of the floods that are over. */
  sweep(): void {
    const { budget, boot, host, monotonicMs, onDrafts } = this.#options;
    const nowMs = monotonicMs();
    const ended = budget.sweep(nowMs);
    if (ended.length === 0) return;
    const timeNs = boot.ns + BigInt(Math.round(nowMs * 1e6));
    onDrafts(ended.map((flood) => floodEnded(flood, nowMs, { timeNs, host })));
  }

  /** Drafts an alert for each rule that matched. */
  draft({ event, rules, decision, answered }: Told): void {
    const byName = new Map(rules.map((rule) => [rule.name, rule]));
    const drafts: AlertDraft[] = [];
    for (const match of decision.matches) {
      const isRepeat = this.#isRepeat(event, match);
      // Nothing is left to be done about it: it has been counted.
      if (isRepeat && answered.overruled === undefined && !match.actions.some(isToBeDone)) continue;
      const formatted = byName.get(match.rule.name)?.formatOutput(event);
      if (formatted === undefined) continue;
      const draft = draftAlert({ event, match, formatted, ...answered });
      drafts.push(isRepeat ? { ...draft, isRepeat } : draft);
    }
    this.#options.onDrafts(drafts);
  }

  // What changes more than the process that matched is always told.
  #isRepeat({ container, process }: ExecEvent, { rule, actions }: MatchDecision): boolean {
    if (container === undefined || actions.some(isNews)) return false;
    const { budget, monotonicMs } = this.#options;
    const identity = { containerId: container.id, rule: rule.name, program: process.exepath };
    return budget.isRepeat(identity, monotonicMs());
  }
}

function isToBeDone({ action, status }: PlannedAction): boolean {
  return status === "do" && isKill(action.kind);
}

function isNews({ action, status }: PlannedAction): boolean {
  return status === "do" && !isKill(action.kind) && !isTelling(action.kind);
}

function isKill(kind: PlannedAction["action"]["kind"]): boolean {
  return kind === "kill-process" || kind === "kill-process-tree";
}

// A refusal is told like what it refuses.
function isTelling(kind: PlannedAction["action"]["kind"]): boolean {
  return kind === "deny" || kind === "notify";
}
