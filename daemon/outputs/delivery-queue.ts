// SPDX-License-Identifier: Apache-2.0
import type { OutputCounters } from "../model/ports.ts";

/** One alert on its way to a webhook. */
export interface Delivery {
  /** The alert's uuid: the same at each attempt, also after a restart. */
  readonly key: string;
  /** One line of JSON. */
  readonly body: string;
}

/** `kept`: not delivered when the output closed. */
export type DeliveryFate = "written" | "failed" | "kept";

/** Alerts that wait for a webhook. Bounded; every loss is counted. */
export interface DeliveryQueue {
  /** Adds one, or counts it as dropped. Never blocks. */
  push(delivery: Delivery): void;
  /** The oldest one that can be sent now; its fate must be told by `settle`. */
  take(): Delivery | undefined;
  settle(delivery: Delivery, fate: DeliveryFate): void;
  /** Counts one that came when the output had ended. */
  refuse(): void;
  /** Alerts whose fate is open, here or on disk. */
  readonly openCount: number;
  /** True when what is open outlives the daemon. */
  readonly isDurable: boolean;
  /** After the last `settle`: keeps or drops what is open, within `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
  counters(): OutputCounters;
}
