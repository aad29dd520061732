// The way of an event, in one chain of calls: record → trace → container → enrich → match → decide →
// answer → draft. Runs in the guard thread; an exec may be waiting in the kernel for every line of it.
// SPDX-License-Identifier: Apache-2.0
import { enrich } from "./enrich/enrich.ts";
import { Drafting, type Answered } from "./drafting.ts";
import { factsOf, lifeOf } from "./exec-facts.ts";
import { judgeFinding } from "./finding-judgement.ts";
import { answered, crowdedText, unknownText, unlistedText } from "./guard/overruled.ts";
import { ToldRules } from "./guard/told-rules.ts";
import { WaitingRoom } from "./guard/waiting-room.ts";
import type { Verdict } from "./model/alert.ts";
import { unknownContainer } from "./model/container.ts";
import type { ExecEvent } from "./model/event.ts";
import type { GuardCounters } from "./model/guard-messages.ts";
import type { Rule } from "./rules/ruleset.ts";
import type { GateRecord } from "./tracer/gate-record.ts";
import type { PipelineOptions } from "./pipeline-port.ts";
import { ProgramJudgement } from "./program-judgement.ts";
import { Tracer, type TracedExec } from "./tracer/trace.ts";

interface Pending {
  readonly traced: TracedExec;
  readonly cgroupIds: readonly string[];
  /** False as soon as the kernel has its answer. */
  isHeld: boolean;
  /** It would be held, and has its answer already. */
  early: EarlyAnswer | undefined;
  /** Whether its container was asked to be settled: an exec that goes on may outlive the container. */
  hasAsked: boolean;
}

/** What the kernel was told before the exec was judged, and why. */
interface EarlyAnswer {
  readonly verdict: Verdict;
  readonly why: string;
}

interface Enriched {
  readonly event: ExecEvent;
  /** Whether the engine has told of the container. */
  readonly isKnown: boolean;
}

interface Matched extends Enriched {
  readonly traced: TracedExec;
  readonly rules: readonly Rule[];
  readonly early: EarlyAnswer | undefined;
}

/** Part of the deadline that a held exec may wait for metadata; the rest is for judging it. */
const heldWaitShare = 0.8;
const waitingMax = 8_192;

/** Judges records in order; never throws. */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #tracer = new Tracer();
  readonly #waiting: WaitingRoom<Pending>;
  readonly #told = new ToldRules();
  readonly #programs = new ProgramJudgement();
  readonly #drafting: Drafting;
  #judged = 0;
  #argvUnknown = 0;
  #processGone = 0;
  #containerUnknown = 0;
  #decisionFailures = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#drafting = new Drafting(options);
    this.#waiting = new WaitingRoom({
      isReady: (pending) => this.#isReadyOrBroken(pending),
      release: (pending) => {
        this.#guarded(pending.traced.record, () => {
          if (this.#mayPostpone(pending)) this.#postpone(pending);
          else this.#judge(pending);
        });
      },
      untilMs: (pending) => this.#waitUntilMs(pending),
      lineOf: ({ traced }) => traced.record.tid,
      // Nobody's exec waits for the alert of another.
      mayPass: ({ isHeld }) => isHeld,
      lengthMax: waitingMax,
    });
  }

  /** Takes one record of the gate. */
  take(record: GateRecord): void {
    this.#guarded(record, () => {
      const traced = this.#tracer.trace(record);
      if (traced === undefined) {
        this.#processGone += 1;
        this.#answer(record, "allow");
        this.#options.contents.done(record);
        return;
      }
      const cgroupIds = this.#options.places.idsOf(record.cgroup, record.timeNs);
      const { isHeld, tid, undecided } = record;
      const early = undecided && { verdict: undecided, why: crowdedText };
      const pending = { traced, cgroupIds, isHeld, early, hasAsked: false };
      const isInTurn = isHeld || !this.#waiting.has(tid);
      if (isInTurn && this.#isReady(pending)) this.#judge(pending);
      else this.#waiting.add(pending);
    });
  }

  /** Something became known, or time has passed: judges what waited for it. */
  sweep(): void {
    this.#drafting.sweep();
    this.#waiting.sweep(this.#options.monotonicMs());
  }

  /** Whether anything that had happened by then (monotonic ms) waits for its time: `sweep` is needed. */
  isWaiting(byMs = Infinity): boolean {
    return this.#waiting.some(({ traced }) => traced.record.monotonicMs <= byMs);
  }

  counters(): Omit<GuardCounters, "alertsLost" | "engineEvents"> {
    return {
      judged: this.#judged,
      argvUnknown: this.#argvUnknown,
      processGone: this.#processGone,
      containerUnknown: this.#containerUnknown,
      decisionFailures: this.#decisionFailures,
      waiting: this.#waiting.length,
    };
  }

  #waitUntilMs({ isHeld, traced, cgroupIds }: Pending): number {
    const { alertWait, bounds, places } = this.#options;
    const { monotonicMs } = traced.record;
    if (isHeld) return monotonicMs + bounds.deadlineMs * heldWaitShare;
    const { containerId } = places.identify(lifeOf(traced.record), cgroupIds);
    return alertWait.untilMs(monotonicMs, containerId);
  }

  // Where the answer is `deny` the exec is judged now: who is refused on suspicion is told of at once.
  #mayPostpone({ isHeld, traced, cgroupIds }: Pending): boolean {
    const { alertWait, bounds, monotonicMs, places } = this.#options;
    if (!isHeld || bounds.onDeadline === "deny" || !alertWait.isEngineAwaited(monotonicMs()))
      return false;
    return places.identify(lifeOf(traced.record), cgroupIds).container === undefined;
  }

  // The engine cannot tell of any container yet: the exec goes on, and its alert waits for who it was.
  #postpone(pending: Pending): void {
    const { settlement, places } = this.#options;
    const life = lifeOf(pending.traced.record);
    pending.early = { verdict: "allow", why: unknownText };
    this.#letGo(pending);
    settlement.giveUp(life, places.identify(life, pending.cgroupIds).containerId);
    this.#waiting.add(pending);
  }

  #isReady(pending: Pending): boolean {
    const { places, settlement, judge, contents } = this.#options;
    const { traced, cgroupIds } = pending;
    const { containerId, container } = places.identify(lifeOf(traced.record), cgroupIds);
    // A container's root, but nobody knows whose: the engine will tell.
    if (containerId === undefined) return traced.record.generation === 0;
    if (pending.isHeld || !pending.hasAsked) settlement.begin(containerId, traced.status.pid);
    pending.hasAsked = true;
    if (pending.isHeld && !settlement.isSettled(containerId)) return false;
    const isKnown = contents.isReady(traced.record, container, pending.isHeld);
    // Nothing in force could refuse it: it need not wait for the rest of its metadata.
    if (pending.isHeld && !judge.canDeny) this.#letGo(pending);
    return (
      isKnown && container?.isComplete === true && this.#options.users(containerId) !== undefined
    );
  }

  // What cannot be looked at is judged now: that is guarded, and nobody else waits behind it.
  #isReadyOrBroken(pending: Pending): boolean {
    try {
      return this.#isReady(pending);
    } catch {
      return true;
    }
  }

  #letGo(pending: Pending): void {
    this.#answer(pending.traced.record, "allow");
    pending.isHeld = false;
  }

  #judge(pending: Pending): void {
    const { traced, isHeld, early } = pending;
    const { record } = traced;
    const { event, isKnown } = this.#enrich(pending);
    this.#options.contents.done(record);
    const matches = this.#options.judge.match(event);
    const rules = this.#told.fresh(record.tid, traced.role === "program", matches);
    const isMatched = rules.length > 0;
    if (traced.role === "program") this.#drafting.count(event, record.monotonicMs);
    const verdict = isMatched
      ? this.#act({ event, traced, rules, isKnown, early })
      : this.#answer(record, early?.verdict ?? "allow", isHeld);
    this.#remember(event, verdict);
    if (verdict === "deny") return;
    this.#options.onAllowed?.({ traced, event, told: this.#told.of(record.tid) });
  }

  #enrich({ traced, cgroupIds, isHeld, early }: Pending): Enriched {
    const { contents, places, judge } = this.#options;
    const { record } = traced;
    const { containerId, container: known } = places.identify(lifeOf(record), cgroupIds);
    if (known === undefined) this.#noteUnknown(record, containerId, isHeld);
    // Never taken for the host: rules ask for `container.id != host`.
    const container =
      known ?? (containerId === undefined ? undefined : unknownContainer(containerId));
    if (!record.isArgvKnown) this.#argvUnknown += 1;
    this.#judged += 1;
    const users = containerId === undefined ? undefined : this.#options.users(containerId);
    const content = contents.of(record, container);
    const facts = factsOf(traced, isHeld || early !== undefined, content?.imagePaths[0]);
    const { boot, host, tree, sessions, clients, nextNumber } = this.#options;
    const bootNs = boot.ns;
    const allowlists = judge.allowlistsOf(container);
    const around = { host, tree, sessions, clients, bootNs, allowlists, container, users, content };
    const event = enrich(facts, nextNumber(), around);
    const judged = this.#programs.withVerdict(event, traced, judge.programListsOf(container));
    return { event: judged, isKnown: known !== undefined };
  }

  #noteUnknown(record: GateRecord, containerId: string | undefined, isHeld: boolean): void {
    this.#containerUnknown += 1;
    if (isHeld) this.#options.settlement.giveUp(lifeOf(record), containerId);
    if (containerId !== undefined) this.#options.alertWait.setForeign(containerId);
  }

  /** Judges what a second view found: an event of its own, for which the rules in `told` have spoken already. */
  takeFinding(finding: ExecEvent, told: ReadonlySet<string>): void {
    try {
      judgeFinding(this.#options, this.#drafting, { event: finding, told });
    } catch (error) {
      this.#fail(error, "a finding could not be judged", { path: finding.file.path });
    }
  }

  #act({ event, traced, rules, isKnown, early }: Matched): Verdict {
    const decision = this.#options.judge.decide(event, rules);
    let told: Answered = { verdict: "allow" };
    if (early !== undefined) {
      const isOverruled = decision.verdict === "deny" && early.verdict === "allow";
      told = { verdict: early.verdict, ...(isOverruled ? { overruled: early.why } : {}) };
    } else if (event.isHeld) {
      const unclear = decision.verdict === "deny" ? this.#whyUnclear(event, isKnown) : undefined;
      told = this.#carryOut(traced.record, decision.verdict, unclear);
    }
    this.#drafting.draft({ event, rules, decision, answered: told });
    return told.verdict;
  }

  // Refusing what might be on an allowlist is as wrong as letting go: the operator has chosen.
  #whyUnclear(event: ExecEvent, isKnown: boolean): string | undefined {
    if (!isKnown) return unknownText;
    if (event.program?.because !== "unknown") return undefined;
    const program = { isAllowed: true, because: "listed" } as const;
    return this.#options.judge.denies({ ...event, program }) ? undefined : unlistedText;
  }

  #carryOut(record: GateRecord, wanted: Verdict, unclear: string | undefined): Answered {
    const answer = unclear === undefined ? wanted : this.#options.bounds.onDeadline;
    return answered(this.#answer(record, answer), wanted, unclear);
  }

  #remember({ process, tid }: ExecEvent, verdict: Verdict): void {
    if (verdict === "deny") this.#tracer.forget(tid);
    else this.#options.tree.add(process);
  }

  // Returns what the kernel was told: the deadline may have been first.
  #answer(record: GateRecord, verdict: Verdict, isHeld = record.isHeld): Verdict {
    const isTold = !isHeld || this.#options.answer(record, verdict);
    return isTold ? verdict : this.#options.bounds.onDeadline;
  }

  #guarded(record: GateRecord, work: () => void): void {
    try {
      work();
    } catch (error) {
      const { onDeadline: answer } = this.#options.bounds;
      this.#answer(record, answer);
      this.#options.contents.done(record);
      const what = "a decision failed; the exec got the answer of gate.on_deadline";
      this.#fail(error, what, { answer, path: record.file.path });
    }
  }

  #fail(error: unknown, what: string, fields: Readonly<Record<string, string>>): void {
    this.#decisionFailures += 1;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.log.error(what, { ...fields, error: text });
  }
}
