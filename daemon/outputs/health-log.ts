// SPDX-License-Identifier: Apache-2.0
import type { Log } from "../model/ports.ts";

/** Tells the log when something begins to fail and when it works again, and not for each alert. */
export interface HealthLog {
  failed(why: string): void;
  worked(): void;
  /** True from a failure until it works again. */
  readonly isFailing: boolean;
}

/** What is told: constant messages, and which output. */
export interface HealthTexts {
  readonly failing: string;
  readonly working: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What flaps is not told more often than this. */
const quietMs = 10_000;

/** Builds it for one output. */
export function createHealthLog(log: Log, { failing, working, fields }: HealthTexts): HealthLog {
  let isFailing = false;
  let isTold = false;
  let toldMs = -Infinity;
  return {
    failed(why) {
      isFailing = true;
      if (isTold || performance.now() - toldMs < quietMs) return;
      toldMs = performance.now();
      isTold = true;
      log.warn(failing, { ...fields, why });
    },
    worked() {
      isFailing = false;
      if (isTold) log.info(working, fields);
      isTold = false;
    },
    get isFailing() {
      return isFailing;
    },
  };
}

/** Waits for work that cannot be ended, such as a write to a disk that hangs, and tells when it takes too long. */
export async function tellWhenSlow<T>(
  work: Promise<T>,
  limitMs: number,
  onSlow: () => void,
): Promise<T> {
  const timer = setTimeout(onSlow, limitMs);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
