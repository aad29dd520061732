// SPDX-License-Identifier: Apache-2.0
import type { Container, Engine } from "./container.ts";
import type { DockerClient } from "./docker-client.ts";
import type { RequestFacts } from "./docker-request.ts";
import type { EngineFacts } from "./engine-event.ts";
import type { Host } from "./event.ts";

/** Falco's priorities, most severe first (falco_common.h). */
export const priorities = [
  "Emergency",
  "Alert",
  "Critical",
  "Error",
  "Warning",
  "Notice",
  "Informational",
  "Debug",
] as const;

export type Priority = (typeof priorities)[number];

/** The priority of that name, in any case; `info` is short for Informational. Undefined for any other word. */
export function priorityNamed(word: string): Priority | undefined {
  const wanted = word.toLowerCase() === "info" ? "informational" : word.toLowerCase();
  return priorities.find((priority) => priority.toLowerCase() === wanted);
}

/** A value of a rule field as an alert carries it: JSON-ready but for bigint. */
export type FieldValue = string | number | bigint | boolean | null | readonly FieldValue[];

/** What was asked of the kernel and what it was told. */
export type Verdict = "allow" | "deny";

/** One action that a policy asked for. `kill` is split by what it kills. */
export type Action =
  | { readonly kind: "deny" }
  | { readonly kind: "pause" }
  | { readonly kind: "unpause" }
  /** Grace between the stop signal and SIGKILL, milliseconds; the engine's 10 s when left out. */
  | { readonly kind: "stop"; readonly graceMs?: number }
  | { readonly kind: "restart"; readonly graceMs?: number }
  /** A signal's name with SIG, such as SIGTERM; SIGKILL when left out. */
  | { readonly kind: "kill-container"; readonly signal?: string }
  | { readonly kind: "kill-process" }
  | { readonly kind: "kill-process-tree" }
  | { readonly kind: "disconnect" }
  | { readonly kind: "notify"; readonly outputs: readonly string[] }
  | HookAction;

/** A program of the operator's own. */
export interface HookAction {
  readonly kind: "hook";
  /** The program's absolute path and its arguments; no shell has a look at them. */
  readonly program: readonly string[];
  /** A user's name, `UID` or `UID:GID`. */
  readonly user: string;
  /** When it is told to end, milliseconds after its start. */
  readonly timeoutMs: number;
}

/** How a hook ended. */
export interface HookEnd {
  /** Absent when it was ended by a signal. */
  readonly exitCode?: number;
  /** The name of the signal that ended it, such as SIGTERM. */
  readonly signal?: string;
  /** The first bytes of its standard error, decoded as UTF-8. */
  readonly stderr?: string;
}

/** A network that a container was on, and how to put it there again. */
export interface NetworkAttachment {
  readonly name: string;
  /** `EndpointConfig` of `POST /networks/{id}/connect`, the addresses that it had included. */
  readonly endpoint: Readonly<Record<string, unknown>>;
}

/** What brings back the state before an action. */
export type UndoStep =
  | { readonly kind: "unpause" }
  | { readonly kind: "reconnect"; readonly networks: readonly NetworkAttachment[] };

/** What came of an action. */
export interface Outcome {
  readonly action: Action;
  readonly status: "done" | "would-do" | "suppressed" | "not-possible" | "failed";
  /** Why it was suppressed, not possible or failed; what to do next. */
  readonly detail?: string;
  /** From the decision to the end of the action, milliseconds. */
  readonly tookMs?: number;
  /** How the hook ended, for a hook that ran. */
  readonly hook?: HookEnd;
  /** Absent where nothing can be undone. */
  readonly undo?: UndoStep;
}

/** One process of the ancestry, as an alert shows it. Texts are decoded from byte strings. */
export interface AlertProcess {
  readonly pid: number;
  readonly vpid: number;
  readonly name: string;
  readonly exepath: string;
  readonly cmdline: string;
}

/** The process that did the exec. */
export interface AlertSubject extends AlertProcess {
  readonly cwd?: string;
  readonly tty: number;
  readonly uid: number;
  readonly gid: number;
  readonly user?: string;
  readonly group?: string;
  readonly loginuid?: number;
  readonly loginUser?: string;
}

/** The policy that turned a match into a decision. */
export interface AlertPolicy {
  readonly name: string;
  readonly description?: string;
  readonly severity: "high" | "medium" | "low" | "info";
  readonly mode: "monitor" | "enforce";
  readonly runbook?: string;
}

/** Everything that is told to the world about one match. */
export interface Alert {
  readonly uuid: string;
  readonly timeNs: bigint;
  readonly rule: string;
  readonly priority: Priority;
  /** Sorted. */
  readonly tags: readonly string[];
  readonly source: string;
  readonly description: string;
  /** The rule's formatted output, without time and priority. */
  readonly output: string;
  /** The fields that the output names, by printed name, plus those every alert carries. */
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly policies: readonly AlertPolicy[];
  /** The answer given to the kernel: `allow` also where nothing could be refused any more. */
  readonly verdict: Verdict;
  /** True when the exec waited in the kernel for this decision. */
  readonly isHeld: boolean;
  readonly outcomes: readonly Outcome[];
  /** Absent for what the engine told or was asked. */
  readonly process?: AlertSubject;
  /** Parent first, up to the container's init. */
  readonly ancestors: readonly AlertProcess[];
  /** What the engine told, for an event of source `docker`. */
  readonly engineEvent?: EngineFacts;
  /** What somebody asked of the engine, for a request at its API. */
  readonly dockerRequest?: RequestFacts;
  /** Who asked the engine for what led to this, as far as it is known. */
  readonly client?: DockerClient;
  readonly container?: Container;
  readonly host: Host;
  readonly engine?: Engine;
}

/** Fields of alerts, in the order asked for. */
export interface AlertFields {
  /** By printed name; null where there is no value. */
  values(alert: Alert): Readonly<Record<string, FieldValue>>;
  /** As an output prints them: times as times, lists as `(a,b)`, `<NA>` for none. */
  texts(alert: Alert): readonly string[];
}
