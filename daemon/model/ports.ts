// SPDX-License-Identifier: Apache-2.0
import type { Result } from "../util/result.ts";
import type { Alert, NetworkAttachment } from "./alert.ts";
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

/** Whether a call changed anything, or found things as they should be. */
export type RuntimeChange = "changed" | "unchanged";

/** How a container is to be stopped. */
export interface StopOptions {
  readonly timeoutMs: number;
  /** Between the stop signal and SIGKILL; 10 s when left out, and never more than fits into the timeout. */
  readonly graceMs?: number | undefined;
}

/** How a container is to be killed. */
export interface KillOptions {
  readonly timeoutMs: number;
  /** SIGKILL when left out. */
  readonly signal?: string | undefined;
}

/** What became of the networks of a container. */
export interface Disconnection {
  /** Those it is off now. */
  readonly networks: readonly NetworkAttachment[];
  /** What keeps it on others: it has the host's network, or another container's. */
  readonly obstacle?: string;
}

/** What actions need of the container engine. A container that is gone is `gone`, never a throw. */
export interface ContainerRuntime {
  pause(id: string, timeoutMs: number): Promise<Result<RuntimeChange, RuntimeFailure>>;
  unpause(id: string, timeoutMs: number): Promise<Result<RuntimeChange, RuntimeFailure>>;
  stop(id: string, options: StopOptions): Promise<Result<RuntimeChange, RuntimeFailure>>;
  restart(id: string, options: StopOptions): Promise<Result<RuntimeChange, RuntimeFailure>>;
  kill(id: string, options: KillOptions): Promise<Result<RuntimeChange, RuntimeFailure>>;
  /** Takes the container off every network that the engine put it on. */
  disconnect(id: string, timeoutMs: number): Promise<Result<Disconnection, RuntimeFailure>>;
  /** Puts it on a network again. `unchanged`: it was on it; the answer says when an address could not be had again. */
  reconnect(
    id: string,
    network: NetworkAttachment,
    timeoutMs: number,
  ): Promise<Result<Reconnection, RuntimeFailure>>;
}

/** How a container came to its network again. */
export interface Reconnection {
  readonly change: RuntimeChange;
  /** The addresses that it had were refused, and the network gave it others: why. */
  readonly otherAddress?: string;
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
  /** One event, as parsed JSON (Docker Engine API, `GET /events`). */
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
  /** `GET /volumes/{name}`. */
  inspectVolume(name: string, timeoutMs: number): Promise<Result<unknown, RuntimeFailure>>;
  /** `GET /networks/{id}`, by name, by id or the beginning of one, a swarm's too. */
  inspectNetwork(reference: string, timeoutMs: number): Promise<Result<unknown, RuntimeFailure>>;
  /** `GET /events`, of every type. Resolves when the engine has answered. */
  events(request: EngineEventsRequest): Promise<Result<EngineEvents, RuntimeFailure>>;
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
  /** Of those queued, how many are on disk; where there is a spool. */
  readonly spooled?: number;
  /** Attempts beyond the first; where there are any. */
  readonly retries?: number;
}
