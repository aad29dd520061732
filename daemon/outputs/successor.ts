// SPDX-License-Identifier: Apache-2.0
import type { Alert } from "../model/alert.ts";
import type { Output, OutputCounters } from "../model/ports.ts";
import type { OutputPlan } from "./output-plan.ts";

/** Alerts held while the output before is closing; what comes beyond is lost and counted. */
const heldAlertsMax = 10_000;

/** An output that takes the place of another, which is closing. */
export interface Succession {
  readonly plan: OutputPlan;
  readonly before: Output;
  /** Resolves when the one before has let go of everything. */
  readonly closed: Promise<void>;
}

/**
 * The output of a plan, built when the one before has closed: both may want the same file, spool or descriptor.
 * Until then alerts are held. Goes on counting where the one before ended.
 */
export function createSuccessor({ plan, before, closed }: Succession): Output {
  let held: Alert[] = [];
  let droppedCount = 0;
  let successor: Output | undefined;
  const succeeded = closed.then(() => {
    successor = plan.create();
    for (const alert of held) successor.write(alert);
    held = [];
  });

  return {
    name: plan.name,
    write(alert) {
      if (successor !== undefined) successor.write(alert);
      else if (held.length < heldAlertsMax) held.push(alert);
      else droppedCount += 1;
    },
    reopen() {
      successor?.reopen?.();
    },
    async close(timeoutMs) {
      await succeeded;
      await successor?.close(timeoutMs);
    },
    counters() {
      const past = before.counters();
      const now = successor?.counters();
      return {
        ...now,
        written: past.written + (now?.written ?? 0),
        dropped: past.dropped + droppedCount + (now?.dropped ?? 0),
        failed: past.failed + (now?.failed ?? 0),
        queued: now === undefined ? past.queued + held.length : now.queued,
      } satisfies OutputCounters;
    },
  };
}
