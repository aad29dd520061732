// The guard thread's side of a reload: builds the next generation between the turns of the event loop, puts it in force
// between two events, and moves every container to the mode that it asks for.
// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from "node:timers/promises";
import type { CurrentJudge } from "./current-judge.ts";
import type { Settlement } from "./guard/settlement.ts";
import { runInSlices } from "./guard/slices.ts";
import type { AnyGate } from "./kernel/without-gate.ts";
import { loadJudgeInSteps } from "./judge.ts";
import type { FromGuard, GenerationSettings, GuardRules, ToGuard } from "./model/guard-messages.ts";
import type { LoadedJudge } from "./judge.ts";
import type { GuardBounds } from "./pipeline-port.ts";
import { assert } from "./util/assert.ts";

/** What is changed, and who is told. */
export interface SwapPort {
  readonly judge: CurrentJudge;
  readonly settlement: Settlement;
  readonly gate: Pick<AnyGate, "setDeadline" | "setDefaultMode">;
  /** Deadline and its answer, for what the guard thread answers itself; and the budget of containers. */
  setBounds(bounds: GuardBounds): void;
  post(message: FromGuard): void;
  readonly monotonicMs: () => number;
  /** Whether an exec that had happened by then (monotonic ms) still waits to be judged. */
  readonly isWaiting: (byMs: number) => boolean;
}

/** An exec that was observed may wait for its digest, or for the list of its image; what is learned waits with it. */
const settleMaxMs = 3_000;
const settleTurnMs = 20;

type Change = Extract<ToGuard, { change: number }>;

/** Carries out one change after the other; each is answered when it holds everywhere. */
export class GenerationSwap {
  readonly #port: SwapPort;
  #settings: GenerationSettings;
  #isPaused = false;
  #changes: Promise<void> = Promise.resolve();

  constructor(first: GenerationSettings, port: SwapPort) {
    this.#settings = first;
    this.#port = port;
  }

  /** Takes a change; those that came before are done first. */
  take(change: Change): void {
    this.#changes = this.#changes.then(async () => {
      try {
        await this.#carryOut(change);
      } catch (error) {
        const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.#port.post({ kind: "changed", change: change.change, failure: reason });
      }
    });
  }

  #carryOut(change: Change): Promise<void> {
    switch (change.kind) {
      case "generation":
        return this.#swap(change);
      case "enforcement":
        return this.#enforce(change);
      case "learn":
        return this.#learn(change);
      case "learned":
        return this.#tellLearned(change);
    }
  }

  // The gate keeps the files of what is watched, so every container is looked at again.
  async #learn({ change, session, image }: Extract<Change, { kind: "learn" }>): Promise<void> {
    this.#port.judge.learner.begin(session, image);
    this.#port.post({ kind: "changed", change, ...(await this.#review()) });
  }

  async #tellLearned(asked: Extract<Change, { kind: "learned" }>): Promise<void> {
    const { change, session, isEnd } = asked;
    const { learner } = this.#port.judge;
    if (isEnd) await this.#settle();
    const learned = isEnd ? learner.report(session) : learner.progress(session);
    if (isEnd) learner.end(session);
    const cost = isEnd ? await this.#review() : { tookMs: 0, longestSliceMs: 0 };
    this.#port.post({
      ...{ kind: "changed", change, ...cost },
      ...(learned === undefined ? {} : { learned }),
    });
  }

  // What has happened by now is learned, also what was read by the gate and comes with the next turn.
  async #settle(): Promise<void> {
    const { isWaiting, monotonicMs } = this.#port;
    const askedMs = monotonicMs();
    do await delay(settleTurnMs);
    while (isWaiting(askedMs) && monotonicMs() - askedMs < settleMaxMs);
  }

  async #swap({ change, settings }: Extract<Change, { kind: "generation" }>): Promise<void> {
    const { judge, monotonicMs } = this.#port;
    const built = await runInSlices(loadJudgeInSteps(settings), monotonicMs);
    const { loaded } = built.value;
    assert(loaded !== undefined, "the main thread has checked these files");
    judge.swap({ loaded, mode: settings.mode });
    this.#settings = settings;
    const reviewed = await this.#review();
    this.#port.post({
      kind: "changed",
      change,
      rules: countsOf(loaded),
      tookMs: built.tookMs + reviewed.tookMs,
      longestSliceMs: Math.max(built.longestSliceMs, reviewed.longestSliceMs),
    });
  }

  async #enforce({ change, pausedText }: Extract<Change, { kind: "enforcement" }>): Promise<void> {
    const { judge } = this.#port;
    this.#isPaused = pausedText !== undefined;
    judge.setPaused(pausedText);
    this.#port.post({ kind: "changed", change, ...(await this.#review()) });
  }

  // The judge is the new one already: what is held too much meanwhile is judged as it should be.
  async #review(): Promise<{ readonly tookMs: number; readonly longestSliceMs: number }> {
    const { gate, judge, settlement, monotonicMs } = this.#port;
    const { deadlineMs, onDeadline, budget } = this.#settings;
    // While enforcement is paused, not even a deadline refuses anything.
    const answer = this.#isPaused ? "allow" : onDeadline;
    this.#port.setBounds({ deadlineMs, onDeadline: answer, budget });
    gate.setDeadline(deadlineMs, answer);
    gate.setDefaultMode(judge.canDeny ? "hold" : "observe");
    const { tookMs, longestSliceMs } = await runInSlices(settlement.review(), monotonicMs);
    return { tookMs, longestSliceMs };
  }
}

/** How much a generation holds. */
export function countsOf({ ruleset, policies }: LoadedJudge): GuardRules {
  return {
    rulesLoaded: ruleset.rules.length,
    rulesEnabled: ruleset.enabled.length,
    policies: policies.length,
  };
}
