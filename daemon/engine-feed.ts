// Hands what the engine told from the main thread to the guard thread, which has the rules.
// SPDX-License-Identifier: Apache-2.0
import type { Container } from "./model/container.ts";
import type { AskedBy } from "./model/docker-client.ts";
import type { EngineFacts } from "./model/engine-event.ts";
import type { ToGuard } from "./model/guard-messages.ts";
import type { Guard } from "./guard.ts";
import type { Clock } from "./model/ports.ts";

/** Events on their way to the guard thread; what comes beyond is not judged, and counted. */
const underWayMax = 16_384;

/** Events since the start. */
export interface EngineFeedCounters {
  readonly sent: number;
  readonly lost: number;
}

/** Takes events in order; those of before the daemon's start are nobody's news. */
export class EngineFeed {
  readonly #post: (message: ToGuard) => void;
  readonly #takenCount: () => number;
  readonly #startNs: bigint;
  readonly #before: (facts: EngineFacts) => readonly AskedBy[];
  #sent = 0;
  #lost = 0;

  constructor(options: {
    readonly post: (message: ToGuard) => void;
    /** How many the guard thread has taken so far. */
    readonly takenCount: () => number;
    /** The daemon's start, nanoseconds since the epoch. */
    readonly startNs: bigint;
    /** Hears of each event before the guard thread, and says what that is to know before. */
    readonly before?: (facts: EngineFacts) => readonly AskedBy[];
  }) {
    this.#post = options.post;
    this.#takenCount = options.takenCount;
    this.#startNs = options.startNs;
    this.#before = options.before ?? (() => []);
  }

  offer(facts: EngineFacts, container?: Container): void {
    if (facts.timeNs < this.#startNs) return;
    const asked = this.#before(facts);
    if (this.#sent - this.#takenCount() >= underWayMax) {
      this.#lost += 1;
      if (asked.length > 0) this.#post({ kind: "asked", asked });
      return;
    }
    this.#sent += 1;
    this.#post({
      ...{ kind: "engine-event", facts },
      ...(container === undefined ? {} : { container }),
      ...(asked.length === 0 ? {} : { asked }),
    });
  }

  counters(): EngineFeedCounters {
    return { sent: this.#sent, lost: this.#lost };
  }
}

/** The feed of the guard thread, which tells with its heartbeat how far it is. */
export function createEngineFeed(
  guard: Pick<Guard, "post" | "heartbeat">,
  clock: Clock,
  before: (facts: EngineFacts) => readonly AskedBy[],
): EngineFeed {
  return new EngineFeed({
    post: (message) => {
      guard.post(message);
    },
    takenCount: () => guard.heartbeat?.counters.engineEvents ?? 0,
    startNs: clock.nowNs(),
    before,
  });
}
