// control: the daemon's API over a unix socket. Comes in: requests of local people and tools. Goes out: JSON, NDJSON.
// Must not know: how alerts are made, the gate, the engine; it asks what it was given at the start.
// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Alert } from "../model/alert.ts";
import type { Status } from "../model/status.ts";

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

/** Bounds of the API. */
export interface ControlLimits {
  readonly connectionsMax: number;
  /** From the first byte of a request to its last. */
  readonly requestTimeoutMs: number;
  readonly headerBytesMax: number;
  readonly followersMax: number;
  /** Alerts held for one follower who does not read; what comes beyond is lost, counted and told. */
  readonly heldAlertsMax: number;
}

/** What handlers ask. */
export interface ControlTools {
  readonly version: string;
  readonly status: () => Status;
  readonly events: EventSource;
  readonly formats: EventFormats;
  readonly limits: ControlLimits;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
  /** Those who follow the events now. */
  readonly followers: Set<ServerResponse>;
}

/** One request, its target parsed. */
export interface ControlCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly tools: ControlTools;
}
