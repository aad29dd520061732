// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import type {
  Alert,
  AlertProcess,
  AlertSubject,
  FieldValue,
  Outcome,
  Verdict,
} from "../model/alert.ts";
import type { Container } from "../model/container.ts";
import type { MatchDecision } from "../model/decision.ts";
import type { Event, ExecEvent } from "../model/event.ts";
import type { AlertDraft } from "../model/guard-messages.ts";
import type { Process } from "../model/process.ts";
import { fromByteString } from "../util/byte-string.ts";

/** A rule's formatted output. */
export interface FormattedOutput {
  readonly output: string;
  readonly fields: Readonly<Record<string, FieldValue>>;
}

/** Everything one draft is made of. */
export interface DraftInput {
  readonly event: Event;
  /** What the kernel was told. */
  readonly verdict: Verdict;
  readonly match: MatchDecision;
  readonly formatted: FormattedOutput;
  /** Why an exec that was to be refused was not; absent when it was, or was not to be. */
  readonly overruled?: string;
}

const ancestorsMax = 16;
const cmdlineBytesMax = 4096;
/** Falco prints this much of a container's id. */
const shortIdLength = 12;

/** Writes down one match with its full context; the actions that remain are `planned`. */
export function draftAlert(input: DraftInput): AlertDraft {
  const { event, verdict, match, formatted } = input;
  const { container, client, host } = event;
  const denied = match.actions.filter(({ action }) => action.kind === "deny");
  const alert: Alert = {
    uuid: randomUUID(),
    timeNs: event.timeNs,
    rule: match.rule.name,
    priority: match.rule.priority,
    tags: match.rule.tags,
    source: match.rule.source,
    description: match.rule.description,
    output: formatted.output,
    fields: { ...carriedFields(container), ...formatted.fields },
    policies: match.policies,
    verdict,
    isHeld: event.isHeld,
    outcomes: denied.map((planned) => denyOutcome(planned, input.overruled)),
    ...subjectOf(event),
    ...(client === undefined ? {} : { client }),
    ...(container === undefined ? {} : { container }),
    host,
  };
  return {
    alert,
    planned: match.actions.filter(({ action }) => action.kind !== "deny"),
    ...(event.kind === "exec"
      ? { pid: event.process.pid, startTicks: event.process.startTicks }
      : {}),
  };
}

// Who did it, or what the engine told or was asked.
function subjectOf(
  event: Event,
): Pick<Alert, "process" | "ancestors" | "engineEvent" | "dockerRequest"> {
  switch (event.kind) {
    case "exec":
      return { process: processOf(event.process), ancestors: ancestorsOf(event) };
    case "engine":
      return { ancestors: [], engineEvent: event.facts };
    case "docker-request":
      return { ancestors: [], dockerRequest: event.request };
  }
}

/** What Falco appends to every rule's output (append_output, its suggested fields). */
export function carriedFields(
  container: Container | undefined,
): Readonly<Record<string, FieldValue>> {
  if (container === undefined) return { "container.id": "host" };
  const { id, name, image, kubernetes } = container;
  return {
    "container.id": id.slice(0, shortIdLength),
    "container.name": name,
    "container.image.repository": image.repository,
    "container.image.tag": image.tag ?? null,
    "k8s.ns.name": kubernetes?.namespace ?? null,
    "k8s.pod.name": kubernetes?.pod ?? null,
  };
}

function denyOutcome(
  planned: MatchDecision["actions"][number],
  overruled: string | undefined,
): Outcome {
  const { action, status, detail } = planned;
  if (status !== "do") return { action, status, ...(detail === undefined ? {} : { detail }) };
  return overruled === undefined
    ? { action, status: "done" }
    : { action, status: "failed", detail: overruled };
}

function processOf(process: Process): AlertSubject {
  const names = {
    user: process.userName,
    group: process.groupName,
    loginUser: process.loginName,
    cwd: process.cwd,
  };
  return {
    ...describe(process),
    tty: process.tty,
    uid: process.uid,
    gid: process.gid,
    ...(process.loginuid === undefined ? {} : { loginuid: process.loginuid }),
    ...Object.fromEntries(
      Object.entries(names).flatMap(([key, value]) =>
        value === undefined ? [] : [[key, fromByteString(value)]],
      ),
    ),
  };
}

// Parent first, up to the container's init. The first parent is told even when it is outside: it says
// whether the engine started this (containerd-shim) or `docker exec` did (runc).
function ancestorsOf(event: ExecEvent): readonly AlertProcess[] {
  const ancestors: AlertProcess[] = [];
  let at = event.process.vpid === 1 ? undefined : event.process.parent;
  while (at !== undefined && ancestors.length < ancestorsMax) {
    ancestors.push(describe(at));
    at = at.vpid === 1 || at.vpid === at.pid ? undefined : at.parent;
  }
  return ancestors;
}

function describe(process: Process): AlertProcess {
  return {
    pid: process.pid,
    vpid: process.vpid,
    name: fromByteString(process.comm),
    exepath: fromByteString(process.exepath),
    cmdline: fromByteString(process.argv.join(" ").slice(0, cmdlineBytesMax)),
  };
}
