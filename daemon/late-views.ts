// What tells of execs beside the gate, or after it: the second view, and programs from a time without a guard.
// SPDX-License-Identifier: Apache-2.0
import { createSecondSight, monotonicMs, type BootTime } from "./guard-surroundings.ts";
import type { Binding } from "./kernel/binding.ts";
import type { Heartbeat } from "./guard.ts";
import type { GuardSettings } from "./model/guard-messages.ts";
import type { UnguardedProgram } from "./model/unguarded.ts";
import type { AllowedExec } from "./pipeline-port.ts";
import type { SecondSight } from "./second-view.ts";
import { UnguardedExecs, type UnguardedExecsOptions } from "./unguarded-execs.ts";

/** What both of them work with. */
export interface LateViewsOptions extends Omit<UnguardedExecsOptions, "monotonicMs" | "host"> {
  readonly settings: Pick<GuardSettings, "witness" | "host" | "gateHandle">;
  readonly binding: Binding;
  readonly boot: BootTime;
}

/** Both as one: each is asked in turn. */
export class LateViews {
  readonly #second: SecondSight | undefined;
  readonly #unguarded: UnguardedExecs;

  constructor({ settings, binding, boot, ...options }: LateViewsOptions) {
    const { host, witness, gateHandle } = settings;
    const isAlone = gateHandle === 0;
    this.#second = createSecondSight(witness, { ...options, host, binding, boot, isAlone });
    this.#unguarded = new UnguardedExecs({ ...options, host, monotonicMs });
  }

  /** The gate has judged and allowed an exec. */
  allowed(allowed: AllowedExec): void {
    this.#unguarded.saw(allowed.event);
    this.#second?.allowed(allowed);
  }

  /** Which superblocks audit records, and where programs in memory are. */
  setWitnessed(devices: readonly number[], memfd: number | undefined): void {
    this.#second?.setWitnessed(devices, memfd);
  }

  /** Takes audit records. */
  record(batch: Buffer): void {
    this.#second?.take(batch);
  }

  /** Takes what was found of a time without a guard. */
  find(programs: readonly UnguardedProgram[]): void {
    this.#unguarded.take(programs);
  }

  /** Time has passed, or something became known. */
  sweep(): void {
    this.#second?.sweep();
    this.#unguarded.sweep();
  }

  get isWaiting(): boolean {
    return this.#second?.isWaiting === true || this.#unguarded.isWaiting;
  }

  counters(): Pick<Heartbeat, "second" | "unguarded"> {
    const second = this.#second?.counters();
    return { unguarded: this.#unguarded.counters(), ...(second === undefined ? {} : { second }) };
  }
}
