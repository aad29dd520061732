// control: the daemon's API over a unix socket. Comes in: requests of local people and tools. Goes out: JSON, NDJSON.
// Must not know: how alerts are made, the gate, the engine; it asks what it was given at the start.
// SPDX-License-Identifier: Apache-2.0
import type { Alert, AlertFields } from "../model/alert.ts";
import type { SourceText } from "../model/guard-messages.ts";
import type { ContainerStatus, ControlStatus, Status } from "../model/status.ts";
import type { Enforcement } from "../model/enforcement.ts";
import type { ReloadReport } from "../model/generation.ts";
import type { LearnReport, LearnSession } from "../model/learning.ts";
import type { RuleSettings } from "../model/rule-settings.ts";
import type { Diagnostic } from "../text/diagnostic.ts";
import type { UndoReport } from "../model/undo.ts";
import type { Result } from "../util/result.ts";
import type { Caller } from "./access.ts";

/** Where the API takes alerts from. */
export interface EventSource {
  /** At most so many of the last alerts, oldest first. */
  recent(count: number): readonly Alert[];
  /** Calls back for each coming alert until the returned function is called. */
  follow(onAlert: (alert: Alert) => void): () => void;
}

/** How alerts are written for those who ask. */
export interface EventFormats {
  /** One line, without the line break. */
  json(alert: Alert): string;
  /** For people, line breaks included. */
  text(alert: Alert, options: { readonly hasColor: boolean }): string;
}

/** What a text of the caller's was compiled to, or what is wrong with it. */
export interface Compiled<T> {
  readonly value?: T;
  readonly diagnostics: readonly Diagnostic[];
}

/** Questions about alerts. */
export interface AlertQueries {
  /** A Falco condition over alerts. */
  readonly filter: (text: string) => Compiled<(alert: Alert) => boolean>;
  /** Names of fields, with commas between. */
  readonly fields: (text: string) => Compiled<AlertFields>;
}

/** The files of the generation in force. */
export interface LoadedFiles {
  readonly generation: number;
  readonly mode: "monitor" | "enforce";
  readonly rules: readonly SourceText[];
  readonly policies: readonly SourceText[];
  readonly allowlist?: SourceText;
  readonly ruleSettings: RuleSettings;
  readonly outputNames: readonly string[];
}

/** What may be asked of enforcement, on behalf of somebody. */
export interface EnforcementControl {
  pause(request: {
    readonly forMs: number;
    readonly by: string;
    readonly reason?: string | undefined;
  }): Promise<Enforcement>;
  resume(by: string): Promise<Enforcement>;
}

/** Runs of `allowlist learn`. */
export interface LearningControl {
  /** The error is for the caller. */
  begin(image: string, forMs: number): Promise<Result<LearnSession>>;
  list(): Promise<readonly LearnReport[]>;
  /** All that was seen; undefined when there is no such session. */
  end(session: number): Promise<LearnReport | undefined>;
}

/** Bounds of the API. */
export interface ControlLimits {
  readonly connectionsMax: number;
  /** From the first byte of a request to its last. */
  readonly requestTimeoutMs: number;
  /** From the last byte of a request to its answer; streams begin within it. */
  readonly answerTimeoutMs: number;
  readonly headerBytesMax: number;
  readonly bodyBytesMax: number;
  readonly followersMax: number;
  /** Alerts held for one follower who does not read; what comes beyond is lost, counted and told. */
  readonly heldAlertsMax: number;
}

/**
 * What handlers ask: one row for each subject of the API. A new route that needs something of the daemon adds a row
 * here, `compose.ts` fills it, and test/control/fixtures/control.ts stands in for it in tests.
 */
export interface ControlTools {
  readonly version: string;
  readonly status: () => Omit<Status, "control">;
  readonly containers: () => readonly ContainerStatus[];
  readonly loaded: () => LoadedFiles;
  /** Reloads all files on behalf of somebody; never rejects. */
  readonly reload: (by: string) => Promise<ReloadReport>;
  /** Pauses and resumes enforcement; rejects when the guard thread does not answer. */
  readonly enforcement: EnforcementControl;
  readonly learning: LearningControl;
  readonly events: EventSource;
  /** Undoes the actions of an alert; undefined when nobody remembers it. Never rejects. */
  readonly undo: (uuid: string) => Promise<UndoReport | undefined>;
  readonly formats: EventFormats;
  readonly queries: AlertQueries;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
}

/** What the server itself counts and bounds. */
export interface ControlState {
  readonly limits: ControlLimits;
  /** Who follows the events now; each is told of by its own stream. */
  followers: number;
  /** Alerts that followers lost because they read too slowly, since the start. */
  alertsLost: number;
  /** Connections that were refused because there were too many, since the start. */
  connectionsRefused: number;
}

/** What the server has counted. */
export function controlStatus(state: ControlState): ControlStatus {
  const { followers, alertsLost, connectionsRefused } = state;
  return { followers, alertsLost, connectionsRefused };
}

/** One request, its parameters and body checked by the route's schemas. */
export interface ControlCall<Query, Body> {
  readonly query: Query;
  readonly body: Body;
  /** Who asks, as the kernel knows it (SO_PEERCRED): for audit. */
  readonly caller: Caller;
  readonly tools: ControlTools;
  readonly state: ControlState;
}
