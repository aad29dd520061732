// The way of an event, in one chain of calls: record → trace → container → enrich → match → decide →
// answer → draft. Runs in the guard thread; an exec may be waiting in the kernel for every line of it.
// SPDX-License-Identifier: Apache-2.0
import { enrich } from "./enrich/enrich.ts";
import { containerIdsOf } from "./enrich/cgroup.ts";
import type { ExecSessions } from "./enrich/exec-origin.ts";
import type { Places } from "./enrich/places.ts";
import type { ProcessTree } from "./enrich/process-tree.ts";
import type { UserDirectory } from "./enrich/users.ts";
import { factsOf, lifeOf } from "./exec-facts.ts";
import { draftAlert } from "./guard/alert-draft.ts";
import type { Settlement } from "./guard/settlement.ts";
import { WaitingRoom } from "./guard/waiting-room.ts";
import type { Verdict } from "./model/alert.ts";
import { unknownContainer, type Container } from "./model/container.ts";
import type { Decision } from "./model/decision.ts";
import type { Event, ExecEvent, Host } from "./model/event.ts";
import type { AlertDraft, GuardCounters } from "./model/guard-messages.ts";
import type { Log } from "./model/ports.ts";
import type { Rule } from "./rules/ruleset.ts";
import type { GateRecord } from "./tracer/gate-record.ts";
import { Tracer, type TracedExec } from "./tracer/trace.ts";

/** What judges an event: rules, policies and limits behind two calls. */
export interface Judge {
  match(event: Event): readonly Rule[];
  decide(event: Event, matches: readonly Rule[]): Decision;
  allowlistsOf(container: Container | undefined): ReadonlySet<string>;
  /** Whether any policy in force could refuse an exec anywhere. */
  readonly canDeny: boolean;
}

/** Everything the pipeline is built from. */
export interface PipelineOptions {
  readonly judge: Judge;
  readonly places: Places;
  readonly tree: ProcessTree;
  readonly sessions: ExecSessions;
  readonly settlement: Settlement;
  /** Undefined until they were read, which is asked for when a container is settled. */
  readonly users: (containerId: string) => UserDirectory | undefined;
  /** Answers a held exec; false when the deadline did. */
  readonly answer: (record: GateRecord, verdict: Verdict) => boolean;
  readonly onDrafts: (drafts: readonly AlertDraft[]) => void;
  readonly host: Host;
  readonly bootNs: bigint;
  readonly deadlineMs: number;
  readonly onDeadline: Verdict;
  readonly monotonicMs: () => number;
  /** The next running number of an event, whatever its kind. */
  readonly nextNumber: () => number;
  readonly log: Log;
}

interface Pending {
  readonly traced: TracedExec;
  readonly cgroupIds: readonly string[];
  /** False as soon as the kernel has its answer. */
  isHeld: boolean;
  /** Whether its container was asked to be settled: an exec that goes on may outlive the container. */
  hasAsked: boolean;
}

/** An event that rules matched, on its way to the decision. */
interface Matched {
  readonly event: ExecEvent;
  readonly traced: TracedExec;
  readonly rules: readonly Rule[];
  /** Whether the engine has told of the container. */
  readonly isKnown: boolean;
}

interface Answered {
  readonly verdict: Verdict;
  readonly overruled?: string;
}

const lateText =
  "the deadline answered first; raise gate.deadline, or look for what slows the daemon down";
const unknownText =
  "the engine had not told of the container in time; gate.on_deadline was answered";
/** Part of the deadline that a held exec may wait for metadata; the rest is for judging it. */
const heldWaitShare = 0.8;
/** An exec that runs already only delays its alert, and no alert lacks what the engine knows. */
const observedWaitMs = 10_000;
/** Containers of other engines, which nobody will tell of. */
const foreignMax = 1_024;
const waitingMax = 8_192;
const callsMax = 4_096;

/** Judges records one after the other; never throws. */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #tracer = new Tracer();
  readonly #waiting: WaitingRoom<Pending>;
  /** Containers that were waited for in vain, once. */
  readonly #foreign = new Set<string>();
  /** Rules that a call's program matched already, so that its loader does not repeat them. */
  readonly #told = new Map<number, ReadonlySet<string>>();
  #judged = 0;
  #argvUnknown = 0;
  #processGone = 0;
  #containerUnknown = 0;
  #decisionFailures = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#waiting = new WaitingRoom({
      isReady: (pending) => this.#isReadyOrBroken(pending),
      release: (pending) => {
        this.#guarded(pending.traced.record, () => {
          this.#judge(pending);
        });
      },
      untilMs: (pending) => this.#waitUntilMs(pending),
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
        return;
      }
      const cgroupIds = containerIdsOf(record.cgroup);
      const pending = { traced, cgroupIds, isHeld: record.isHeld, hasAsked: false };
      if (this.#isReady(pending)) this.#judge(pending);
      else this.#waiting.add(pending);
    });
  }

  /** Something became known, or time has passed: judges what waited for it. */
  sweep(): void {
    this.#waiting.sweep(this.#options.monotonicMs());
  }

  /** Whether anything waits for its time: `sweep` is needed then. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
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
    const { containerId } = this.#options.places.identify(lifeOf(traced.record), cgroupIds);
    const isForeign = containerId !== undefined && this.#foreign.has(containerId);
    const laterMs = isForeign ? 0 : observedWaitMs;
    const waitMs = isHeld ? this.#options.deadlineMs * heldWaitShare : laterMs;
    return traced.record.monotonicMs + waitMs;
  }

  #isReady(pending: Pending): boolean {
    const { places, settlement, judge } = this.#options;
    const { traced, cgroupIds } = pending;
    const { containerId, container } = places.identify(lifeOf(traced.record), cgroupIds);
    // A container's root, but nobody knows whose: the engine will tell.
    if (containerId === undefined) return traced.record.generation === 0;
    if (pending.isHeld || !pending.hasAsked) settlement.begin(containerId, traced.status.pid);
    pending.hasAsked = true;
    if (pending.isHeld) {
      if (!settlement.isSettled(containerId)) return false;
      // Nothing in force could refuse it: it need not wait for the rest of its metadata.
      if (!judge.canDeny) this.#letGo(pending);
    }
    return container?.isComplete === true && this.#options.users(containerId) !== undefined;
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

  #judge({ traced, cgroupIds, isHeld }: Pending): void {
    const { places, judge } = this.#options;
    const { record } = traced;
    const { containerId, container: known } = places.identify(lifeOf(record), cgroupIds);
    if (known === undefined) this.#noteUnknown(record, containerId, isHeld);
    // Never taken for the host: rules ask for `container.id != host`.
    const container =
      known ?? (containerId === undefined ? undefined : unknownContainer(containerId));
    if (!record.isArgvKnown) this.#argvUnknown += 1;
    this.#judged += 1;
    const users = containerId === undefined ? undefined : this.#options.users(containerId);
    const event = enrich(factsOf(traced, isHeld), this.#options.nextNumber(), {
      host: this.#options.host,
      tree: this.#options.tree,
      sessions: this.#options.sessions,
      bootNs: this.#options.bootNs,
      allowlists: judge.allowlistsOf(container),
      ...(container === undefined ? {} : { container }),
      ...(users === undefined ? {} : { users }),
    });
    const rules = this.#untold(traced, judge.match(event));
    if (rules.length === 0) this.#remember(event, isHeld ? this.#answer(record, "allow") : "allow");
    else this.#act({ event, traced, rules, isKnown: known !== undefined });
  }

  #noteUnknown(record: GateRecord, containerId: string | undefined, isHeld: boolean): void {
    this.#containerUnknown += 1;
    if (isHeld) this.#options.settlement.giveUp(lifeOf(record), containerId);
    if (containerId !== undefined && this.#foreign.size < foreignMax)
      this.#foreign.add(containerId);
  }

  #act({ event, traced, rules, isKnown }: Matched): void {
    const { record } = traced;
    const decision = this.#options.judge.decide(event, rules);
    const answered: Answered = event.isHeld
      ? this.#carryOut(record, decision.verdict, isKnown)
      : { verdict: "allow" };
    this.#remember(event, answered.verdict);
    const byName = new Map(rules.map((rule) => [rule.name, rule]));
    const drafts = decision.matches.flatMap((match) => {
      const formatted = byName.get(match.rule.name)?.formatOutput(event);
      return formatted === undefined ? [] : [draftAlert({ event, match, formatted, ...answered })];
    });
    this.#options.onDrafts(drafts);
  }

  // Answers the kernel: what it was told, and why it was not told to refuse what was to be refused.
  #carryOut(record: GateRecord, wanted: Verdict, isKnown: boolean): Answered {
    const { onDeadline } = this.#options;
    // Refusing what might be on an allowlist is as wrong as letting go: the operator has chosen.
    const isUnclear = wanted === "deny" && !isKnown;
    const verdict = this.#answer(record, isUnclear ? onDeadline : wanted);
    if (verdict === "deny" || wanted === "allow") return { verdict };
    return { verdict, overruled: isUnclear ? unknownText : lateText };
  }

  // A refused call leaves the process as it was, and opens nothing more.
  #remember({ process, tid }: ExecEvent, verdict: Verdict): void {
    if (verdict === "deny") this.#tracer.forget(tid);
    else this.#options.tree.add(process);
  }

  // A rule that matched the program is not told again for the loader or interpreter of the same call.
  #untold(traced: TracedExec, rules: readonly Rule[]): readonly Rule[] {
    const { tid } = traced.record;
    const told = traced.role === "program" ? undefined : this.#told.get(tid);
    if (traced.role === "program") this.#told.delete(tid);
    const fresh = told === undefined ? rules : rules.filter((rule) => !told.has(rule.name));
    if (fresh.length > 0) {
      this.#told.set(tid, new Set([...(told ?? []), ...fresh.map((rule) => rule.name)]));
      const oldest = this.#told.keys().next();
      if (this.#told.size > callsMax && oldest.done !== true) this.#told.delete(oldest.value);
    }
    return fresh;
  }

  // Returns what the kernel was told: the deadline may have been first.
  #answer(record: GateRecord, verdict: Verdict): Verdict {
    const isTold = !record.isHeld || this.#options.answer(record, verdict);
    return isTold ? verdict : this.#options.onDeadline;
  }

  #guarded(record: GateRecord, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#decisionFailures += 1;
      this.#answer(record, this.#options.onDeadline);
      this.#options.log.error("a decision failed; the exec got the answer of gate.on_deadline", {
        answer: this.#options.onDeadline,
        path: record.file.path,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
  }
}
