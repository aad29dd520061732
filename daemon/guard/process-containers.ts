// SPDX-License-Identifier: Apache-2.0

/** A process by pid and start; without one, whoever had the pid last. */
export interface ProcessKey {
  readonly pid: number;
  /** Clock ticks after boot. */
  readonly startTicks?: bigint;
}

interface Known {
  readonly startTicks: bigint;
  readonly containerId: string;
}

const keptMax = 8_192;

/** The container of each process that the gate has seen. A pid that was given away since is not taken for the old one. */
export class ProcessContainers {
  readonly #known = new Map<number, Known>();

  /** The oldest one gives way when there is no room. */
  remember({ pid, startTicks }: Required<ProcessKey>, containerId: string): void {
    this.#known.delete(pid);
    this.#known.set(pid, { startTicks, containerId });
    if (this.#known.size <= keptMax) return;
    const oldest = this.#known.keys().next();
    if (oldest.done !== true) this.#known.delete(oldest.value);
  }

  /** Undefined when it is not known, or started at another time. */
  of({ pid, startTicks }: ProcessKey): string | undefined {
    const known = this.#known.get(pid);
    if (known === undefined) return undefined;
    if (startTicks !== undefined && startTicks !== known.startTicks) return undefined;
    return known.containerId;
  }
}
