// SPDX-License-Identifier: Apache-2.0
import type { Result } from "../util/result.ts";
import type { Alert } from "./alert.ts";
import type { Engine } from "./container.ts";

/** Time, so that stages can be tested without waiting. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Nanoseconds since the epoch. */
  nowNs(): bigint;
  /** Milliseconds that never go back, from an arbitrary start: for durations and deadlines. */
  monotonicMs(): number;
}

/** The daemon's own log: a constant message and fields beside it; never a secret. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Why the engine could not do what was asked. */
export interface RuntimeFailure {
  readonly kind: "gone" | "unreachable" | "refused" | "timeout";
  readonly message: string;
}

/** What actions need of the container engine. A container that is gone is `gone`, never a throw. */
export interface ContainerRuntime {
  pause(id: string, timeoutMs: number): Promise<Result<void, RuntimeFailure>>;
  stop(id: string, timeoutMs: number): Promise<Result<void, RuntimeFailure>>;
  kill(id: string, timeoutMs: number): Promise<Result<void, RuntimeFailure>>;
}

/** A running subscription to the engine's events. */
export interface EngineEvents {
  /** Ends it; nothing is called after this. */
  close(): void;
}

/** What to follow, and who is told. */
export interface EngineEventsRequest {
  /** Nanoseconds since the epoch: what the engine still remembers from then on comes first. */
  readonly sinceNs: bigint;
  readonly timeoutMs: number;
  /** One container event, as parsed JSON (Docker Engine API, `GET /events`). */
  onEvent(event: unknown): void;
  /** Some events could not be read: ask for the whole list again. */
  onLost(): void;
  /** The stream ended, for this reason; called at most once, and last. */
  onEnd(failure: RuntimeFailure): void;
}

/**
 * The container engine, as the inventory sees it. Answers are the parsed JSON of the Docker Engine API, for the
 * caller to decode: what containers are called is in the hands of whoever starts them.
 */
export interface ContainerEngine extends ContainerRuntime {
  /** Where it listens, as it was given: `unix:///var/run/docker.sock`. */
  readonly address: string;
  /** Agrees on an API version, which is used from then on, and returns it. */
  negotiate(timeoutMs: number): Promise<Result<string, RuntimeFailure>>;
  /** Who it is. After `negotiate`. */
  info(timeoutMs: number): Promise<Result<Engine, RuntimeFailure>>;
  /** `GET /containers/json`, those that stopped included; only the one named when an id is given. */
  list(timeoutMs: number, id?: string): Promise<Result<readonly unknown[], RuntimeFailure>>;
  /** `GET /containers/{id}/json`; waits while the engine holds that container's lock, as it does at its start. */
  inspect(id: string, timeoutMs: number): Promise<Result<unknown, RuntimeFailure>>;
  /** `GET /images/{name}/json`, by id or by reference. */
  inspectImage(name: string, timeoutMs: number): Promise<Result<unknown, RuntimeFailure>>;
  /** `GET /events`, of containers only. Resolves when the engine has answered. */
  events(request: EngineEventsRequest): Promise<Result<EngineEvents, RuntimeFailure>>;
  unpause(id: string, timeoutMs: number): Promise<Result<void, RuntimeFailure>>;
  /** Lets go of idle connections. */
  close(): void;
}

/** A place that alerts go to. Bounded and counted inside; `write` never blocks and never throws. */
export interface Output {
  readonly name: string;
  write(alert: Alert): void;
  /** Opens its file anew, where it has one. */
  reopen?(): void;
  /** Flushes what is queued, at most for `timeoutMs`, and lets go of files and sockets. */
  close(timeoutMs: number): Promise<void>;
  counters(): OutputCounters;
}

/** Alerts, since the start. */
export interface OutputCounters {
  readonly written: number;
  readonly dropped: number;
  readonly failed: number;
  readonly queued: number;
}
