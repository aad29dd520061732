// From the guard thread's drafts to the world: actions first, since the alert tells what came of them.
// SPDX-License-Identifier: Apache-2.0
import type { ActionRunner } from "./action/run.ts";
import type { Undo } from "./action/undo.ts";
import type { FailureAlerts } from "./failure-alert.ts";
import type { Alert } from "./model/alert.ts";
import type { Container, Engine } from "./model/container.ts";
import type { AlertDraft } from "./model/guard-messages.ts";
import type { FanOut } from "./outputs/fan-out.ts";

/** What finishes and sends alerts. */
export interface AlertFlow {
  /** Takes drafts in order; those without actions are sent at once. */
  take(drafts: readonly AlertDraft[]): void;
  /** Sends an alert of the daemon's own, which no exec and no event has led to. */
  tell(alert: Alert): void;
  /** Alerts sent since the start. */
  readonly sent: number;
  /** Resolves when every action under way has ended. */
  settled(): Promise<void>;
}

/** What the flow joins. */
export interface AlertFlowOptions {
  readonly actions: Pick<ActionRunner, "run">;
  readonly undo: Pick<Undo, "remember">;
  readonly failures: FailureAlerts;
  readonly outputs: FanOut;
  /** An alert as one line of JSON, for hooks. */
  readonly formatJson: (alert: Alert) => string;
  readonly engine: () => Engine | undefined;
  /** Told how many alerts of the guard thread have left the flow. */
  readonly onTaken: (alerts: number) => void;
}

/** Joins drafts, actions and outputs. */
export function createAlertFlow(options: AlertFlowOptions): AlertFlow {
  const { actions, undo, failures, outputs, formatJson, engine, onTaken } = options;
  const underWay = new Set<Promise<void>>();
  let sent = 0;

  function withEngine(alert: Alert): Alert {
    const known = engine();
    return known === undefined ? alert : { ...alert, engine: known };
  }

  function send(alert: Alert, isRepeat = false): void {
    undo.remember(alert);
    for (const one of [...(isRepeat ? [] : [alert]), ...failures.of(alert)]) {
      outputs.write(withEngine(one));
      sent += 1;
    }
    onTaken(1);
  }

  async function act({ alert, planned, pid, startTicks, isRepeat }: AlertDraft): Promise<void> {
    const target = {
      ...{ containerId: ofEngine(alert.container)?.id, pid, startTicks, alertUuid: alert.uuid },
      alertJson: (outcomes: Alert["outcomes"]) =>
        formatJson(withEngine({ ...alert, outcomes: [...alert.outcomes, ...outcomes] })),
    };
    const outcomes = await actions.run(planned, target);
    send({ ...alert, outcomes: [...alert.outcomes, ...outcomes] }, isRepeat);
  }

  return {
    take(drafts) {
      for (const draft of drafts) {
        if (draft.planned.length === 0) {
          send(draft.alert, draft.isRepeat);
          continue;
        }
        const work = act(draft).finally(() => underWay.delete(work));
        underWay.add(work);
      }
    },
    tell(alert) {
      outputs.write(withEngine(alert));
      sent += 1;
    },
    get sent() {
      return sent;
    },
    async settled() {
      await Promise.all(underWay);
    },
  };
}

/** The engine can do nothing to the step of a build. */
function ofEngine(container: Container | undefined): Container | undefined {
  return container?.kind === undefined ? container : undefined;
}
