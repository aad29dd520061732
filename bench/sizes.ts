// SPDX-License-Identifier: Apache-2.0
import type { AlertSizes } from "./alerts.ts";
import type { ControlSizes } from "./control.ts";
import type { DoorSizes } from "./door.ts";
import type { ExecCostSizes } from "./exec-cost.ts";
import type { RulesCostSizes } from "./rules-cost.ts";

/** How much of everything is measured. */
export interface Sizes {
  readonly exec: ExecCostSizes;
  /** The same for the witness. */
  readonly witness: ExecCostSizes;
  readonly alerts: AlertSizes;
  /** Pauses, and kills. */
  readonly actions: number;
  readonly door: DoorSizes;
  readonly idleMs: number;
  readonly control: ControlSizes;
  readonly rules: RulesCostSizes;
}

/** For numbers to keep. */
export const full: Sizes = {
  exec: { rounds: 5, count: 2_000 },
  witness: { rounds: 5, count: 1_000 },
  alerts: { burst: 20_000, paced: 1_000, starts: 10 },
  actions: 10,
  door: { rounds: 5, calls: 1_000 },
  idleMs: 20_000,
  control: { reloads: 10, rounds: 5, count: 200 },
  rules: { rounds: 9, events: 12_800 },
};

/** For a look. */
export const quick: Sizes = {
  exec: { rounds: 3, count: 500 },
  witness: { rounds: 3, count: 300 },
  alerts: { burst: 4_000, paced: 200, starts: 2 },
  actions: 3,
  door: { rounds: 2, calls: 300 },
  idleMs: 5_000,
  control: { reloads: 3, rounds: 1, count: 100 },
  rules: { rounds: 3, events: 3_200 },
};
