// The way of what the engine told, in the guard thread: wait for the container's facts → match → decide → draft.
// Nothing waits for it: an exec is never held for its sake.
// SPDX-License-Identifier: Apache-2.0
import { DockerClients } from "./enrich/docker-clients.ts";
import { ExecSessions } from "./enrich/exec-origin.ts";
import type { Places } from "./enrich/places.ts";
import { draftAlert } from "./guard/alert-draft.ts";
import { WaitingRoom } from "./guard/waiting-room.ts";
import { unknownContainer, type Container } from "./model/container.ts";
import type { AskedBy } from "./model/docker-client.ts";
import type { EngineFacts } from "./model/engine-event.ts";
import type { EngineEvent, Host } from "./model/event.ts";
import type { AlertDraft } from "./model/guard-messages.ts";
import type { Log } from "./model/ports.ts";
import type { Judge } from "./pipeline-port.ts";
import { toByteString } from "./util/byte-string.ts";

/** What the lane is built from. */
export interface EngineLaneOptions {
  readonly judge: Judge;
  readonly places: Places;
  readonly host: Host;
  /** The next running number of an event. */
  readonly nextNumber: () => number;
  readonly onDrafts: (drafts: readonly AlertDraft[]) => void;
  readonly monotonicMs: () => number;
  readonly log: Log;
}

interface Pending {
  readonly facts: EngineFacts;
  /** What the event itself tells of a container that the inventory does not know. */
  readonly container: Container | undefined;
  readonly untilMs: number;
}

/** How long an event's alert may be delayed until `inspect` has told the rest of its container. */
const waitMs = 2_000;
const waitingMax = 4_096;

/** Judges what the engine told, in the order in which it was told where it is about one container; never throws. */
export class EngineLane {
  /** The execs that the engine told of, for the processes that they are going to be. */
  readonly sessions = new ExecSessions();
  /** Who asked for what. */
  readonly clients = new DockerClients();
  readonly #options: EngineLaneOptions;
  readonly #waiting: WaitingRoom<Pending>;
  #taken = 0;
  #failures = 0;

  constructor(options: EngineLaneOptions) {
    this.#options = options;
    this.#waiting = new WaitingRoom({
      isReady: (pending) => this.#isReady(pending),
      release: (pending) => {
        this.#judge(pending);
      },
      untilMs: ({ untilMs }) => untilMs,
      lengthMax: waitingMax,
    });
  }

  /** Takes one event; `sweep` judges it. */
  take(facts: EngineFacts, container: Container | undefined): void {
    this.#taken += 1;
    this.sessions.take(facts);
    const untilMs = this.#options.monotonicMs() + waitMs;
    this.#waiting.add({ facts, container, untilMs });
  }

  /** Somebody is about to get what was asked for: before the engine tells of it. */
  asked(asked: readonly AskedBy[]): void {
    for (const one of asked) this.#take(one);
  }

  #take(asked: AskedBy): void {
    const { action, execId, containerId, command } = asked;
    this.clients.take(asked, this.#options.monotonicMs());
    if (action !== "exec.start" || execId === undefined) return;
    if (containerId === undefined || command === undefined) return;
    this.sessions.start(execId, { containerId, command: toByteString(command) });
  }

  /** Judges what is ready, and what has waited long enough. */
  sweep(): void {
    this.#waiting.sweep(this.#options.monotonicMs());
  }

  /** True when an event waits for its time. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Events taken, and judgements that failed, since the start. */
  counters(): { readonly taken: number; readonly failures: number } {
    return { taken: this.#taken, failures: this.#failures };
  }

  #isReady({ facts: { containerId }, container }: Pending): boolean {
    if (containerId === undefined || container !== undefined) return true;
    return this.#options.places.container(containerId)?.isComplete === true;
  }

  #judge(pending: Pending): void {
    const { judge, log, onDrafts } = this.#options;
    try {
      const event = this.#eventOf(pending);
      const rules = judge.match(event);
      if (rules.length === 0) return;
      const byName = new Map(rules.map((rule) => [rule.name, rule]));
      const drafts = judge.decide(event, rules).matches.flatMap((match) => {
        const formatted = byName.get(match.rule.name)?.formatOutput(event);
        if (formatted === undefined) return [];
        return [draftAlert({ event, match, formatted, verdict: "allow" })];
      });
      onDrafts(drafts);
    } catch (error) {
      this.#failures += 1;
      const { type, action, actorId } = pending.facts;
      log.error("an event of the engine could not be judged", {
        ...{ type, action, actor: actorId },
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
  }

  #eventOf({ facts, container: described }: Pending): EngineEvent {
    const { judge, places, host, nextNumber } = this.#options;
    const { containerId: id, timeNs } = facts;
    const client = this.clients.ofEngineEvent(facts, this.#options.monotonicMs());
    const container =
      id === undefined ? undefined : (places.container(id) ?? described ?? unknownContainer(id));
    return {
      kind: "engine",
      number: nextNumber(),
      timeNs,
      isHeld: false,
      facts,
      host,
      allowlists: judge.allowlistsOf(container),
      ...(client === undefined ? {} : { client }),
      ...(container === undefined ? {} : { container }),
    };
  }
}
