// Runs of `allowlist learn`, in the main thread: which there are, until when, and that none stays behind when nobody asks
// for it any more.
// SPDX-License-Identifier: Apache-2.0
import type { Guard } from "./guard.ts";
import type { LearnReport, LearnSession } from "./model/learning.ts";
import type { Clock, Log } from "./model/ports.ts";
import { parseImagePattern } from "./policy/image-pattern.ts";
import { err, ok, type Result } from "./util/result.ts";

/** What learning works with. */
export interface LearningOptions {
  readonly guard: Pick<Guard, "change">;
  readonly clock: Pick<Clock, "nowMs">;
  readonly log: Log;
}

interface Running extends LearnSession {
  readonly timer: NodeJS.Timeout;
}

const sessionsMax = 4;
/** A session that nobody has asked about for so long is over: who began it is gone. */
const leaseMs = 60_000;

/** Begins and ends sessions; a bounded number at a time. */
export class Learning {
  readonly #options: LearningOptions;
  readonly #running = new Map<number, Running>();
  #number = 0;

  constructor(options: LearningOptions) {
    this.#options = options;
  }

  /** Sessions that run. */
  get count(): number {
    return this.#running.size;
  }

  /** Watches containers of an image; the error says what is wrong with it, or that there are too many. */
  async begin(image: string, forMs: number): Promise<Result<LearnSession>> {
    const pattern = parseImagePattern(image);
    if ("problem" in pattern)
      return err(new Error(`cannot learn from the image "${image}": ${pattern.problem}`));
    if (this.#running.size >= sessionsMax)
      return err(
        new Error(`cannot learn in more than ${sessionsMax} runs at a time: end one of them`),
      );
    const session = (this.#number += 1);
    const sinceMs = this.#options.clock.nowMs();
    const about = { session, image, sinceMs, untilMs: sinceMs + forMs };
    this.#running.set(session, { ...about, timer: this.#lease(session) });
    try {
      await this.#options.guard.change({ kind: "learn", session, image });
    } catch (error) {
      clearTimeout(this.#running.get(session)?.timer);
      this.#running.delete(session);
      throw error;
    }
    return ok(about);
  }

  /** How far each session is. Who looks wants it to go on. */
  async list(): Promise<readonly LearnReport[]> {
    const reports: LearnReport[] = [];
    for (const { timer, ...about } of [...this.#running.values()]) {
      const { session, untilMs } = about;
      clearTimeout(timer);
      if (this.#options.clock.nowMs() < untilMs + leaseMs) {
        this.#running.set(session, { ...about, timer: this.#lease(session) });
        const report = await this.#ask(about, false);
        if (report !== undefined) reports.push(report);
      } else await this.end(session);
    }
    return reports;
  }

  /** Ends a session and tells all that was seen. Undefined when there is none of this number. */
  async end(session: number): Promise<LearnReport | undefined> {
    const running = this.#running.get(session);
    if (running === undefined) return undefined;
    const { timer, ...about } = running;
    clearTimeout(timer);
    this.#running.delete(session);
    return this.#ask(about, true);
  }

  async #ask(about: LearnSession, isEnd: boolean): Promise<LearnReport | undefined> {
    const { session } = about;
    const { learned } = await this.#options.guard.change({ kind: "learned", session, isEnd });
    return learned === undefined ? undefined : { ...about, ...learned };
  }

  #lease(session: number): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#options.log.warn("nobody asks for what was learned any more: it is forgotten", {
        session,
      });
      this.end(session).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        this.#options.log.error("cannot end learning", { session, reason });
      });
    }, leaseMs);
    return timer.unref();
  }
}
