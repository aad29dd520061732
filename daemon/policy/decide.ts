// SPDX-License-Identifier: Apache-2.0
import type { Action } from "../model/alert.ts";
import type { Decision, MatchDecision, PlannedAction, RuleInfo } from "../model/decision.ts";
import type { Event, ExecEvent } from "../model/event.ts";
import { formatDuration } from "../util/duration.ts";
import type { LimitState } from "./limits.ts";
import { sparedBy } from "./never.ts";
import type { Policy } from "./policy.ts";
import { applies } from "./scope.ts";

/** All that a decision depends on. */
export interface DecideInput {
  readonly event: Event;
  /** Rules that matched the event. */
  readonly matches: readonly RuleInfo[];
  readonly policies: readonly Policy[];
  /** The daemon's mode: `monitor` overrules every policy. */
  readonly mode: "monitor" | "enforce";
  /** Why nothing is enforced for a while, whatever mode and policies say; notifying goes on. */
  readonly pausedText?: string | undefined;
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  /** What earlier decisions did; this one is written into it. */
  readonly limits: LimitState;
}

/**
 * Decides what happens for one event: every match keeps the policies that apply to it, every action of theirs has a
 * status, and the exec is refused when one of them is a deny that can be done.
 */
export function decide(input: DecideInput): Decision {
  const { event, matches, policies } = input;
  const applied = matches.map((rule) => ({
    rule,
    policies: policies.filter((policy) => applies(policy, rule, event)),
  }));
  const isDenied = applied.some((match) =>
    match.policies.some((policy) => deniesHere(policy, input)),
  );
  const plan: Plan = { input, isDenied, planned: new Map(), coolingMs: new Map() };
  return {
    verdict: isDenied ? "deny" : "allow",
    matches: applied.map((match): MatchDecision => ({
      rule: match.rule,
      policies: match.policies.map(({ info }) => info),
      actions: match.policies.flatMap((policy) =>
        policy.actions.map((action) => ({
          action,
          policyName: policy.info.name,
          ...planAction(plan, policy, action),
        })),
      ),
    })),
  };
}

/** Whether the exec would be refused, with nothing counted. */
export function denies(input: DenyInput): boolean {
  const { event, matches, policies } = input;
  return matches.some((rule) =>
    policies.some((policy) => applies(policy, rule, event) && deniesHere(policy, input)),
  );
}

/** What a refusal depends on. */
export type DenyInput = Omit<DecideInput, "limits" | "nowMs">;

/** What is known so far of one decision. */
interface Plan {
  readonly input: DecideInput;
  readonly isDenied: boolean;
  /** Actions that are to be done, and the policy that does them: no container is paused twice for one event. */
  readonly planned: Map<string, string>;
  /** Milliseconds of cooldown that each policy had left when this decision began. */
  readonly coolingMs: Map<string, number>;
}

type Standing = Pick<PlannedAction, "status" | "detail">;

function deniesHere(policy: Policy, input: DenyInput): boolean {
  return policy.actions.some(
    (action) => action.kind === "deny" && standingOf(policy, action, input).status === "do",
  );
}

/** What policy, mode and event say of an action, before other actions and limits are looked at. */
function standingOf(policy: Policy, action: Action, input: DenyInput): Standing {
  const { event, mode, pausedText } = input;
  if (action.kind !== "notify") {
    const spared = sparedBy(policy.never, event.container);
    if (spared !== undefined)
      return { status: "suppressed", detail: `the policy says never: ${spared.text}` };
  }
  const obstacle = obstacleTo(action, event);
  if (obstacle !== undefined) return { status: "not-possible", detail: obstacle };
  if (mode === "monitor")
    return { status: "would-do", detail: "the daemon's mode is monitor: nothing is enforced" };
  if (policy.info.mode === "monitor")
    return { status: "would-do", detail: "the policy's mode is monitor" };
  if (pausedText !== undefined && action.kind !== "notify")
    return { status: "would-do", detail: pausedText };
  if (action.kind === "deny" && !event.isHeld)
    return { status: "not-possible", detail: "the exec did not wait for the decision" };
  return { status: "do" };
}

/** Why an action is not possible with this event, whatever the mode. */
function obstacleTo(action: Action, event: Event): string | undefined {
  const { kind, container } = event;
  if (isOnContainer(action) && (container?.id ?? "") === "") return noContainer[kind];
  if (event.kind === "exec") return action.kind === "deny" ? tooLateFor(event) : undefined;
  if (action.kind === "deny" && kind === "engine")
    return "the engine tells what has happened: nothing can be refused";
  if (isOnProcess(action)) return "what concerns the engine names no process";
  return undefined;
}

function tooLateFor({ second }: ExecEvent): string | undefined {
  if (second?.finding === undefined) return undefined;
  if (second.finding === "no_gate")
    return "detect-only: this kernel has no permission events, so no exec can be refused";
  if (second.finding === "unguarded")
    return "it was started while no daemon guarded: it cannot be refused any more";
  return "this was found out after the exec: it cannot be refused any more";
}

const noContainer = {
  exec: "the process is in no container that is known",
  engine: "the event is about no container",
  "docker-request": "the request is about no container that is there",
} as const satisfies Record<Event["kind"], string>;

function planAction(plan: Plan, policy: Policy, action: Action): Standing {
  const standing = standingOf(policy, action, plan.input);
  if (standing.status !== "do" || action.kind === "deny" || action.kind === "notify")
    return standing;
  if (isOnProcess(action) && plan.isDenied)
    return { status: "suppressed", detail: "the exec was refused: the program never ran" };
  const effect = effectOf(action);
  const other = plan.planned.get(effect);
  if (other !== undefined)
    return { status: "suppressed", detail: `already done for this event by policy "${other}"` };
  const limited = limitOf(plan, policy);
  if (limited !== undefined) return { status: "suppressed", detail: limited };
  plan.planned.set(effect, policy.info.name);
  return standing;
}

/** Why limits forbid one more action; undefined, and counted, when they do not. */
function limitOf(plan: Plan, { info, limits }: Policy): string | undefined {
  const { event, nowMs, limits: state } = plan.input;
  const key = { policyName: info.name, containerId: event.container?.id ?? "" };
  const coolingMs = plan.coolingMs.get(info.name) ?? state.cooldownLeftMs(key, nowMs);
  plan.coolingMs.set(info.name, coolingMs);
  if (coolingMs > 0) return `cooldown: acts in this container again in ${inSeconds(coolingMs)}`;
  const { cooldownMs, actionsPerMinuteMax } = limits;
  if (actionsPerMinuteMax !== undefined && !state.takeAction(info.name, actionsPerMinuteMax, nowMs))
    return `max_actions_per_minute: ${actionsPerMinuteMax} were done in the last minute`;
  if (cooldownMs !== undefined) state.startCooldown(key, nowMs + cooldownMs, nowMs);
  return undefined;
}

function inSeconds(milliseconds: number): string {
  return formatDuration(Math.ceil(milliseconds / 1000) * 1000);
}

/** Actions with the same effect are done once for an event, whoever wants them. */
function effectOf(action: Action): string {
  if (action.kind === "hook") return JSON.stringify([action.program, action.user]);
  if (action.kind === "kill-container") return `${action.kind} ${action.signal ?? "SIGKILL"}`;
  return action.kind;
}

function isOnProcess({ kind }: Action): boolean {
  return kind === "kill-process" || kind === "kill-process-tree";
}

function isOnContainer({ kind }: Action): boolean {
  return containerActions.has(kind);
}

const containerActions: ReadonlySet<Action["kind"]> = new Set<Action["kind"]>([
  "pause",
  "unpause",
  "stop",
  "restart",
  "kill-container",
  "disconnect",
]);
