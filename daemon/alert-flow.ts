// From the guard thread's drafts to the world: actions first, since the alert tells what came of them.
// SPDX-License-Identifier: Apache-2.0
import type { ActionRunner } from "./action/run.ts";
import type { Alert } from "./model/alert.ts";
import type { Engine } from "./model/container.ts";
import type { AlertDraft } from "./model/guard-messages.ts";
import type { FanOut } from "./outputs/fan-out.ts";

/** What finishes and sends alerts. */
export interface AlertFlow {
  /** Takes drafts in order; those without actions are sent at once. */
  take(drafts: readonly AlertDraft[]): void;
  /** Alerts sent since the start. */
  readonly sent: number;
  /** Resolves when every action under way has ended. */
  settled(): Promise<void>;
}

/** Joins drafts, actions and outputs. `onTaken` is told how many alerts have left the flow. */
export function createAlertFlow(options: {
  readonly actions: ActionRunner;
  readonly outputs: FanOut;
  readonly engine: () => Engine | undefined;
  readonly onTaken: (alerts: number) => void;
}): AlertFlow {
  const { actions, outputs, engine, onTaken } = options;
  const underWay = new Set<Promise<void>>();
  let sent = 0;

  function send(alert: Alert): void {
    const known = engine();
    outputs.write(known === undefined ? alert : { ...alert, engine: known });
    sent += 1;
    onTaken(1);
  }

  async function act({ alert, planned, pid, startTicks }: AlertDraft): Promise<void> {
    const target = { containerId: alert.container?.id, pid, startTicks };
    const outcomes = await actions.run(planned, target);
    send({ ...alert, outcomes: [...alert.outcomes, ...outcomes] });
  }

  return {
    take(drafts) {
      for (const draft of drafts) {
        if (draft.planned.length === 0) {
          send(draft.alert);
          continue;
        }
        const work = act(draft).finally(() => underWay.delete(work));
        underWay.add(work);
      }
    },
    get sent() {
      return sent;
    },
    async settled() {
      await Promise.all(underWay);
    },
  };
}
