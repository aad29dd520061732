// SPDX-License-Identifier: Apache-2.0
import type { Decision } from "../daemon/model/decision.ts";
import type { RequestFacts } from "../daemon/model/docker-request.ts";

const subjectLengthMax = 200;

/** Why a policy refused a request, in words for the person who asked: what, which policy, what to do. */
export function policyRefusal(facts: RequestFacts, decision: Decision): string {
  for (const { rule, policies, actions } of decision.matches) {
    const denied = actions.find(({ action, status }) => action.kind === "deny" && status === "do");
    if (denied === undefined) continue;
    const policy = policies.find(({ name }) => name === denied.policyName);
    const why = policy?.description ?? rule.description;
    const next =
      policy?.runbook === undefined
        ? "If it should be allowed, ask who runs execwarden here to put it on the allowlist or to change that policy."
        : `What to do: ${policy.runbook}`;
    return `${subjectOf(facts)} was refused by the policy "${denied.policyName}" (rule "${rule.name}"). ${sentence(why)} ${next}`;
  }
  return `${subjectOf(facts)} was refused.`;
}

/** Why a request that may be read in two ways was refused. */
export function faultRefusal(facts: RequestFacts): string {
  const faults = facts.faultTexts.slice(0, 3).join("; ");
  return `${subjectOf(facts)} was refused: it cannot be told for certain what the engine would make of the request (${faults}). Use the docker command line, or a client that sends plain requests.`;
}

/** Why nothing could be decided. */
export function failureRefusal(facts: RequestFacts | undefined, reason: string): string {
  const subject = facts === undefined ? "The request" : subjectOf(facts);
  return `${subject} was refused, because execwarden could not judge it (${reason}) and is set to refuse then. Try again; see: execwarden status`;
}

function subjectOf({ action, argv, image, target, newName }: RequestFacts): string {
  const parts = [
    argv.length > 0 ? `"${argv.join(" ")}"` : "",
    image === undefined || image.reference === "" ? "" : `image ${image.reference}`,
    target === "" || target === image?.reference ? "" : target,
    newName === "" ? "" : `as ${newName}`,
  ].filter((part) => part !== "");
  const text = [action, ...parts].join(" ");
  return printable(text.length > subjectLengthMax ? `${text.slice(0, subjectLengthMax)}…` : text);
}

function sentence(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, " ");
  return /[.!?]$/.test(line) ? line : `${line}.`;
}

/** The message goes to somebody's terminal, and part of it is what somebody sent. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "?");
}
