// What the service manager hears of the daemon: sd_notify(3) messages, and one line of STATUS= that follows what holds.
// SPDX-License-Identifier: Apache-2.0

/** What the line is made of. */
export interface ServiceFacts {
  readonly mode: "monitor" | "enforce";
  /** Containers whose roots are marked. */
  readonly containers: number;
  readonly generation: number;
  /** The kernel has no permission events: nothing can be refused. */
  readonly isDetectOnly?: boolean;
  /** The engine's version; absent while none answers. */
  readonly engineVersion?: string;
  /** Until when nothing is enforced, milliseconds since the epoch; absent while it is. */
  readonly pausedUntilMs?: number;
  /** The last reload was refused, and older files are in force. */
  readonly isReloadRefused: boolean;
}

/** What tells, and where from. */
export interface ServiceStatusOptions {
  /** Sends one datagram to the service manager. */
  readonly notify: (message: string) => void;
  readonly facts: () => ServiceFacts;
  /** CLOCK_MONOTONIC, microseconds. */
  readonly monotonicUs: () => bigint;
}

/** One line for `systemctl status`. */
export function describeService(facts: ServiceFacts): string {
  const {
    containers,
    engineVersion,
    generation,
    isDetectOnly,
    isReloadRefused,
    mode,
    pausedUntilMs,
  } = facts;
  const count = `${containers} ${containers === 1 ? "container" : "containers"}`;
  const parts = [
    `${isDetectOnly === true ? "DETECT-ONLY, watching" : "guarding"} ${count} in ${mode} mode`,
    `generation ${generation}`,
    engineVersion === undefined
      ? "NO CONTAINER ENGINE: connecting until one answers"
      : `engine ${printable(engineVersion)}`,
  ];
  if (pausedUntilMs !== undefined)
    parts.push(`ENFORCEMENT PAUSED until ${new Date(pausedUntilMs).toISOString()}`);
  if (isReloadRefused)
    parts.push("LAST RELOAD REFUSED: execwarden status says why, older files are in force");
  return parts.join("; ");
}

/** Tells the service manager what changes, and nothing twice. */
export class ServiceStatus {
  readonly #options: ServiceStatusOptions;
  #isReady = false;
  #told = "";

  constructor(options: ServiceStatusOptions) {
    this.#options = options;
  }

  /** Guarding has begun. */
  ready(): void {
    this.#isReady = true;
    this.#tell("READY=1");
  }

  /** The thread that decides lives. */
  heartbeat(): void {
    this.#options.notify("WATCHDOG=1");
    this.refresh();
  }

  /** Something may have changed. */
  refresh(): void {
    if (this.#isReady && this.#told !== this.#line()) this.#tell();
  }

  /** A reload begins. `Type=notify-reload` (systemd 253) wants the time with it; older ones pass over that. */
  reloading(): void {
    if (!this.#isReady) return;
    this.#options.notify(`RELOADING=1\nMONOTONIC_USEC=${this.#options.monotonicUs()}`);
  }

  /** A reload has ended, whatever came of it. */
  reloaded(): void {
    if (this.#isReady) this.#tell("READY=1");
  }

  stopping(): void {
    this.#isReady = false;
    this.#options.notify("STOPPING=1\nSTATUS=stopping");
  }

  #tell(...states: readonly string[]): void {
    this.#told = this.#line();
    this.#options.notify([...states, `STATUS=${this.#told}`].join("\n"));
  }

  #line(): string {
    return describeService(this.#options.facts());
  }
}

// A line feed would begin a message of its own.
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 64);
}
