// SPDX-License-Identifier: Apache-2.0
import type { Result } from "../util/result.ts";
import type { Alert } from "./alert.ts";

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

/** A place that alerts go to. Bounded and counted inside; `write` never blocks and never throws. */
export interface Output {
  readonly name: string;
  write(alert: Alert): void;
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
