// Pauses enforcement for a while: nothing is refused and nothing is done to containers until the time is over, or
// somebody resumes. A daemon that starts anew enforces.
// SPDX-License-Identifier: Apache-2.0
import type { Enforcement } from "./model/enforcement.ts";
import type { Clock, Log } from "./model/ports.ts";

/** What a pause works with. */
export interface EnforcementOptions {
  /** Tells the guard thread; resolves when it holds. Without a text, policies are enforced again. */
  readonly apply: (pausedText: string | undefined) => Promise<unknown>;
  readonly clock: Clock;
  readonly log: Log;
  readonly onChange?: (change: EnforcementChange) => void;
}

/** That enforcement was paused, for longer or shorter perhaps than before, or resumed. */
export interface EnforcementChange {
  readonly state: Enforcement;
  /** A user, or what ended the pause. */
  readonly by: string;
}

/** One pause. */
export interface PauseRequest {
  readonly forMs: number;
  readonly by: string;
  readonly reason?: string | undefined;
}

/** Holds the state of enforcement; changes are done one after the other. */
export class EnforcementSwitch {
  readonly #options: EnforcementOptions;
  #state: Enforcement = { isPaused: false };
  #timer: NodeJS.Timeout | undefined;
  #changes: Promise<unknown> = Promise.resolve();

  constructor(options: EnforcementOptions) {
    this.#options = options;
  }

  get state(): Enforcement {
    return this.#state;
  }

  /** Pauses from now on, or until another time than before. Rejects when the guard thread does not answer. */
  pause({ forMs, by, reason }: PauseRequest): Promise<Enforcement> {
    return this.#change(async () => {
      const untilMs = this.#options.clock.nowMs() + forMs;
      const why = reason === undefined ? {} : { reason };
      const state: Enforcement = { isPaused: true, by, untilMs, ...why };
      await this.#options.apply(pausedText(state));
      // Timers run on the monotonic clock: setting the wall clock neither ends a pause nor lengthens it.
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => {
        void this.resume("the end of its time").catch((error: unknown) => {
          this.#options.log.error("cannot resume enforcement; execwarden resume tries again", {
            error,
          });
        });
      }, forMs);
      this.#set(state, by);
      this.#options.log.warn("enforcement is paused: nothing is refused", {
        ...{ by, until: new Date(untilMs).toISOString() },
        ...why,
      });
    });
  }

  /** Enforces again; nothing happens where it is not paused. */
  resume(by: string): Promise<Enforcement> {
    return this.#change(async () => {
      if (!this.#state.isPaused) return;
      await this.#options.apply(undefined);
      clearTimeout(this.#timer);
      this.#set({ isPaused: false }, by);
      this.#options.log.warn("enforcement is resumed", { by });
    });
  }

  /** Lets go of the timer. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #change(work: () => Promise<void>): Promise<Enforcement> {
    const done = this.#changes.then(work).then(() => this.#state);
    this.#changes = done.catch(() => undefined);
    return done;
  }

  #set(state: Enforcement, by: string): void {
    this.#state = state;
    this.#options.onChange?.({ state, by });
  }
}

function pausedText({ by = "", untilMs = 0, reason }: Enforcement): string {
  const until = new Date(untilMs).toISOString();
  const why = reason === undefined ? "" : `: ${reason}`;
  return `enforcement is paused by ${by} until ${until}${why}`;
}
