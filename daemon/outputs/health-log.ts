// SPDX-License-Identifier: Apache-2.0
import type { Log } from "../model/ports.ts";

/** Tells the log when an output begins to fail and when it works again, and not for each alert. */
export interface HealthLog {
  failed(why: string): void;
  worked(): void;
}

/** A receiver that flaps is not told more often than this. */
const quietMs = 10_000;

/** Builds it for one output; `fields` say which. */
export function createHealthLog(log: Log, fields: Readonly<Record<string, unknown>>): HealthLog {
  let isFailing = false;
  let toldMs = -Infinity;
  return {
    failed(why) {
      if (!isFailing && performance.now() - toldMs >= quietMs) {
        toldMs = performance.now();
        log.warn("cannot deliver alerts; will try again", { ...fields, why });
        isFailing = true;
      }
    },
    worked() {
      if (isFailing) log.info("alerts are delivered again", fields);
      isFailing = false;
    },
  };
}
