// SPDX-License-Identifier: Apache-2.0
import type { Container } from "../daemon/model/container.ts";
import type { Decision, MatchDecision, RuleInfo } from "../daemon/model/decision.ts";
import type { DockerClient } from "../daemon/model/docker-client.ts";
import type { RequestFacts } from "../daemon/model/docker-request.ts";
import type { DockerRequest, Event, Host } from "../daemon/model/event.ts";
import type { FieldValue, Verdict } from "../daemon/model/alert.ts";
import type { AlertDraft } from "../daemon/model/guard-messages.ts";
import { imagineExec } from "./imagined-exec.ts";
import { faultRefusal, policyRefusal } from "./refusal.ts";
import type { ResolvedRequest } from "./resolve.ts";

/** A rule that can say what it saw. */
export interface TellingRule extends RuleInfo {
  formatOutput(event: Event): {
    readonly output: string;
    readonly fields: Readonly<Record<string, FieldValue>>;
  };
}

/** Rules, policies and allowlists in force. */
export interface DoorJudge {
  match(event: Event): readonly TellingRule[];
  decide(event: Event, matches: readonly RuleInfo[]): Decision;
  allowlistsOf(container: Container | undefined): ReadonlySet<string>;
}

/** What deciding takes beside the request. */
export interface DecideTools {
  readonly judge: DoorJudge;
  readonly host: Host;
  /** Who asks, as far as it is known. */
  readonly client: DockerClient | undefined;
  /** `enforce`: requests that may be read in two ways are refused. */
  readonly mode: "monitor" | "enforce";
  readonly number: number;
  readonly timeNs: bigint;
  readonly draft: (input: {
    readonly event: Event;
    readonly match: MatchDecision;
    readonly formatted: ReturnType<TellingRule["formatOutput"]>;
    readonly verdict: Verdict;
  }) => AlertDraft;
}

/** The answer to one request, and what is to be told of it. */
export interface RequestDecision {
  readonly verdict: Verdict;
  readonly message?: string;
  readonly drafts: readonly AlertDraft[];
}

interface Judged {
  readonly event: Event;
  readonly rules: readonly TellingRule[];
  readonly decision: Decision;
}

/**
 * Decides on a request: by the rules about requests, then by the rules about execs for what it would run. The latter
 * are told of only when they refuse: what is let through here is judged again, and told, when it runs.
 */
export function decideRequest(resolved: ResolvedRequest, tools: DecideTools): RequestDecision {
  const { judge, mode } = tools;
  const { facts } = resolved;
  const event = eventOf(resolved, tools);
  const asked = judgeEvent(judge, event);
  const exec = imagineExec(event);
  const ran = exec === undefined ? undefined : judgeEvent(judge, exec);
  const isUnclear = facts.faults.length > 0 && mode === "enforce";
  const refusing = [asked, ran].find((judged) => judged?.decision.verdict === "deny");
  const verdict = isUnclear || refusing !== undefined ? "deny" : "allow";
  const drafts = [
    ...draftsOf(event, asked, { verdict, tools }),
    ...(ran?.decision.verdict === "deny"
      ? draftsOf(event, onlyRefusals(ran), { verdict, tools })
      : []),
  ];
  if (verdict === "allow") return { verdict, drafts };
  const message =
    refusing === undefined ? faultRefusal(facts) : policyRefusal(facts, refusing.decision);
  return { verdict, drafts, message };
}

function judgeEvent(judge: DoorJudge, event: Event): Judged {
  const rules = judge.match(event);
  if (rules.length === 0) return { event, rules, decision: { verdict: "allow", matches: [] } };
  return { event, rules, decision: judge.decide(event, rules) };
}

function eventOf(
  resolved: ResolvedRequest,
  { judge, host, client, number, timeNs }: DecideTools,
): DockerRequest {
  const { facts, container } = resolved;
  return {
    kind: "docker-request",
    number,
    timeNs,
    isHeld: true,
    request: facts,
    host,
    allowlists: allowlistsOf(resolved, judge),
    ...(client === undefined ? {} : { client }),
    ...(container === undefined ? {} : { container }),
  };
}

// An image that was given another name is on a list only when it is under all the names that it goes by.
function allowlistsOf(
  { container, otherNames }: ResolvedRequest,
  judge: DoorJudge,
): ReadonlySet<string> {
  const own = judge.allowlistsOf(container);
  if (container === undefined || otherNames.length === 0) return own;
  const others = otherNames.map((image) => judge.allowlistsOf({ ...container, image }));
  return new Set([...own].filter((name) => others.every((lists) => lists.has(name))));
}

function draftsOf(
  event: DockerRequest,
  { event: judged, rules, decision }: Judged,
  { verdict, tools }: { readonly verdict: Verdict; readonly tools: DecideTools },
): readonly AlertDraft[] {
  return decision.matches.flatMap((match) => {
    const rule = rules.find(({ name }) => name === match.rule.name);
    if (rule === undefined) return [];
    return [tools.draft({ event, match, formatted: rule.formatOutput(judged), verdict })];
  });
}

/** Of an exec that never was nothing is done but refusing it and saying so. */
function onlyRefusals(judged: Judged): Judged {
  const matches = judged.decision.matches.flatMap((match) => {
    const actions = match.actions.filter(
      ({ action }) => action.kind === "deny" || action.kind === "notify",
    );
    const isRefusing = actions.some(
      ({ action, status }) => action.kind === "deny" && status === "do",
    );
    return isRefusing ? [{ ...match, actions }] : [];
  });
  return { ...judged, decision: { ...judged.decision, matches } };
}

/** Whether a request may change something; a request that could not be read may. */
export function mayChangeSomething(facts: RequestFacts | undefined): boolean {
  return facts?.isMutating ?? true;
}
