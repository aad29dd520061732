// The judge in force: what a reload exchanges, and what a pause of enforcement takes the teeth of.
// SPDX-License-Identifier: Apache-2.0
import { createJudge, type LiveJudge, type LoadedJudge } from "./judge.ts";
import type { ContentQuestion } from "./guard/contents.ts";
import { Learner } from "./guard/learner.ts";
import type { Container } from "./model/container.ts";
import type { Decision } from "./model/decision.ts";
import type { Event, Place } from "./model/event.ts";
import { createLimits } from "./policy/limits.ts";
import type { Policy } from "./policy/policy.ts";
import type { ProgramList } from "./policy/programs.ts";
import type { Rule } from "./rules/ruleset.ts";

/** Policies whose limits are remembered, and cooldowns at the same time. */
const limitBounds = { cooldownsMax: 10_000, policiesMax: 1_000 };

/** What a generation is judged by. */
export interface Generation {
  readonly loaded: LoadedJudge;
  readonly mode: "monitor" | "enforce";
}

/**
 * Judges by the generation in force. It changes between two events, as a whole; policies that keep their name and
 * limits go on with the cooldowns and counts that they have.
 */
export class CurrentJudge implements LiveJudge {
  /** What runs where somebody learns; it wants the digests there. */
  readonly learner = new Learner();
  readonly #monotonicMs: () => number;
  readonly #limits = createLimits(limitBounds);
  #judge: LiveJudge;
  #policies: readonly Policy[];
  #pausedText: string | undefined;

  constructor(first: Generation, monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
    this.#policies = first.loaded.policies;
    this.#judge = this.#judgeOf(first);
  }

  /** Puts another generation in force. */
  swap(next: Generation): void {
    const limitsOf = new Map(
      next.loaded.policies.map(({ info, limits }) => [info.name, JSON.stringify(limits)]),
    );
    for (const { info, limits } of this.#policies) {
      if (limitsOf.get(info.name) !== JSON.stringify(limits)) this.#limits.forget(info.name);
    }
    this.#policies = next.loaded.policies;
    this.#judge = this.#judgeOf(next);
  }

  /** While a text is set nothing is enforced, and outcomes say why. */
  setPaused(text: string | undefined): void {
    this.#pausedText = text;
  }

  questionOf(container: Container): ContentQuestion {
    return this.learner.isWatched(container) ? "digest" : this.#judge.questionOf(container);
  }

  match(event: Event): readonly Rule[] {
    return this.#judge.match(event);
  }

  decide(event: Event, matches: readonly Rule[]): Decision {
    return this.#judge.decide(event, matches);
  }

  allowlistsOf(container: Container | undefined): ReadonlySet<string> {
    return this.#judge.allowlistsOf(container);
  }

  get widestQuestion(): ContentQuestion {
    return this.learner.isActive ? "digest" : this.#judge.widestQuestion;
  }

  denies(event: Event): boolean {
    return this.#judge.denies(event);
  }

  programListsOf(container: Container | undefined): readonly ProgramList[] {
    return this.#judge.programListsOf(container);
  }

  couldDeny(place: Place): boolean {
    return this.#pausedText === undefined && this.#judge.couldDeny(place);
  }

  get canDeny(): boolean {
    return this.#pausedText === undefined && this.#judge.canDeny;
  }

  #judgeOf({ loaded, mode }: Generation): LiveJudge {
    return createJudge(loaded, {
      mode,
      monotonicMs: this.#monotonicMs,
      limits: this.#limits,
      pausedText: () => this.#pausedText,
    });
  }
}
