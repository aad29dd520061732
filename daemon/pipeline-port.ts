// What the pipeline is built from, and what it tells.
// SPDX-License-Identifier: Apache-2.0
import type { DockerClients } from "./enrich/docker-clients.ts";
import type { ExecSessions } from "./enrich/exec-origin.ts";
import type { Places } from "./enrich/places.ts";
import type { ProcessTree } from "./enrich/process-tree.ts";
import type { UserDirectory } from "./enrich/users.ts";
import type { AlertWait } from "./guard/alert-wait.ts";
import type { Contents } from "./guard/contents.ts";
import type { ExecBudget } from "./guard/exec-budget.ts";
import type { Settlement } from "./guard/settlement.ts";
import type { Verdict } from "./model/alert.ts";
import type { BudgetSettings } from "./model/budget.ts";
import type { Container } from "./model/container.ts";
import type { Decision } from "./model/decision.ts";
import type { Event, ExecEvent, Host } from "./model/event.ts";
import type { AlertDraft } from "./model/guard-messages.ts";
import type { Log } from "./model/ports.ts";
import type { ProgramList } from "./policy/programs.ts";
import type { Rule } from "./rules/ruleset.ts";
import type { GateRecord } from "./tracer/gate-record.ts";
import type { TracedExec } from "./tracer/trace.ts";

/** What judges an event: rules, policies and limits behind two calls. */
export interface Judge {
  match(event: Event): readonly Rule[];
  decide(event: Event, matches: readonly Rule[]): Decision;
  /** Whether the rules and policies would refuse the event as it stands; nothing is counted. */
  denies(event: Event): boolean;
  allowlistsOf(container: Container | undefined): ReadonlySet<string>;
  /** What the allowlists that the container is on say of its programs. */
  programListsOf(container: Container | undefined): readonly ProgramList[];
  /** Whether any policy in force could refuse an exec anywhere. */
  readonly canDeny: boolean;
}

/** What holds the pipeline's work within bounds. */
export interface GuardBounds {
  /** How long a held exec may wait in all, milliseconds. */
  deadlineMs: number;
  /** The answer when that is over. */
  onDeadline: Verdict;
  budget: BudgetSettings;
}

/** Everything the pipeline is built from. */
export interface PipelineOptions {
  readonly judge: Judge;
  readonly places: Places;
  readonly tree: ProcessTree;
  readonly sessions: ExecSessions;
  readonly clients: DockerClients;
  readonly contents: Contents;
  readonly settlement: Settlement;
  readonly alertWait: AlertWait;
  /** Undefined until they were read, which is asked for when a container is settled. */
  readonly users: (containerId: string) => UserDirectory | undefined;
  /** Answers a held exec; false when the deadline did. */
  readonly answer: (record: GateRecord, verdict: Verdict) => boolean;
  /** An exec was judged and allowed: for the second view. */
  readonly onAllowed?: (allowed: AllowedExec) => void;
  readonly onDrafts: (drafts: readonly AlertDraft[]) => void;
  readonly host: Host;
  /** When CLOCK_MONOTONIC was 0, nanoseconds since the epoch, as the wall clock is now. */
  readonly boot: { readonly ns: bigint };
  readonly budget: ExecBudget;
  /** As they are now: a reload changes them. */
  readonly bounds: Readonly<GuardBounds>;
  readonly monotonicMs: () => number;
  /** The next running number of an event, whatever its kind. */
  readonly nextNumber: () => number;
  readonly log: Log;
}

/** An exec that was judged and runs. */
export interface AllowedExec {
  readonly traced: TracedExec;
  readonly event: ExecEvent;
  /** Rules that were told for this call so far. */
  readonly told: ReadonlySet<string>;
}
