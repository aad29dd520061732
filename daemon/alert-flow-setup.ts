// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import { createAlertFlow, type AlertFlow, type AlertFlowOptions } from "./alert-flow.ts";
import { createFailureAlerts } from "./failure-alert.ts";
import type { Clock } from "./model/ports.ts";
import { formatJson } from "./outputs/format-json.ts";

/** A flow of alerts of its own over shared actions and outputs; `onTaken` is told what left it. */
export function createFlow(
  parts: Pick<AlertFlowOptions, "actions" | "undo" | "outputs" | "engine">,
  clock: Clock,
  onTaken: (alerts: number) => void = () => undefined,
): AlertFlow {
  return createAlertFlow({
    ...parts,
    formatJson,
    failures: createFailureAlerts({ nowMs: () => clock.monotonicMs(), newUuid: randomUUID }),
    onTaken,
  });
}
