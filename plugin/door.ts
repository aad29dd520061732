// SPDX-License-Identifier: Apache-2.0
import type { AskedBy, DockerClient } from "../daemon/model/docker-client.ts";
import type { RequestFacts } from "../daemon/model/docker-request.ts";
import type { Host } from "../daemon/model/event.ts";
import type { AlertDraft } from "../daemon/model/guard-messages.ts";
import type { JudgedMount } from "../daemon/model/mount-origin.ts";
import type { Clock, Log } from "../daemon/model/ports.ts";
import type { Attribution } from "./attribution.ts";
import { decideRequest, mayChangeSomething, type DecideTools, type DoorJudge } from "./decide.ts";
import type { AuthorizationAnswer, AuthorizationRequest } from "./protocol.ts";
import { readRequest, type ReadRequest } from "./read-request.ts";
import { failureRefusal } from "./refusal.ts";
import { resolveRequest, type ResolvedRequest, type Surroundings } from "./resolve.ts";

/** What the door is built from. */
export interface DoorOptions {
  readonly judge: DoorJudge;
  readonly around: Surroundings;
  readonly attribution: Attribution;
  /** `monitor` as well while enforcement is paused. */
  readonly mode: () => "monitor" | "enforce";
  readonly settings: () => DoorSettings;
  readonly host: Host;
  readonly draft: DecideTools["draft"];
  /** A container is about to be started with these places of the host. */
  readonly onStart: (containerId: string, mounts: readonly JudgedMount[]) => void;
  readonly onDrafts: (drafts: readonly AlertDraft[]) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** What holds when a request cannot be judged. */
export interface DoorSettings {
  readonly deadlineMs: number;
  readonly onFailure: "allow" | "deny";
}

/** Since the start. */
export interface DoorCounters {
  readonly asked: number;
  readonly refused: number;
  /** Requests that could not be judged in time or at all, and got the answer of `on_failure`. */
  readonly failures: number;
  /** When the engine asked last, milliseconds since the epoch; absent before the first time. */
  readonly lastAskedMs?: number;
  /** When our own request at the engine was last asked about. */
  readonly lastHeartbeatMs?: number;
}

/**
 * The container that is looked for to see whether the engine asks us; there is none. An empty list is no failure, which
 * an engine with a plugin would log each time.
 */
export const heartbeatContainer = "execwarden-heartbeat";
const waitingMax = 512;
const unreadable = "the engine's question could not be read";

/** Answers the engine, always and in time. */
export class Door {
  readonly #options: DoorOptions;
  #asked = 0;
  #refused = 0;
  #failures = 0;
  #hasMisunderstood = false;
  #waiting = 0;
  #lastAskedMs: number | undefined;
  #lastHeartbeatMs: number | undefined;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  counters(): DoorCounters {
    return {
      asked: this.#asked,
      refused: this.#refused,
      failures: this.#failures,
      ...(this.#lastAskedMs === undefined ? {} : { lastAskedMs: this.#lastAskedMs }),
      ...(this.#lastHeartbeatMs === undefined ? {} : { lastHeartbeatMs: this.#lastHeartbeatMs }),
    };
  }

  misunderstood(): void {
    if (this.#hasMisunderstood) return;
    this.#hasMisunderstood = true;
    this.#options.log.warn(
      "somebody who is no execwarden-authz of this version asks at the door; after an upgrade build and set the managed plugin anew, or restart execwarden-authz.service",
      {},
    );
  }

  /** Decides on one request; undefined stands for a question that could not be read. Never rejects. */
  async ask(request: AuthorizationRequest | undefined): Promise<AuthorizationAnswer> {
    this.#asked += 1;
    this.#lastAskedMs = this.#options.clock.nowMs();
    if (request === undefined) return this.#refuseUnread();
    const answer = await this.#judge(request, this.#lastAskedMs);
    // The engine tells of no answer to what was refused.
    if (!answer.isAllowed) this.#options.attribution.end(request);
    return answer;
  }

  answered(request: AuthorizationRequest | undefined): void {
    if (request !== undefined) this.#options.attribution.end(request);
  }

  async #judge(request: AuthorizationRequest, nowMs: number): Promise<AuthorizationAnswer> {
    this.#waiting += 1;
    let facts: RequestFacts | undefined;
    try {
      const read = readRequest(request);
      facts = read.facts;
      const client = this.#findClient(request, read);
      if (isHeartbeat(facts)) this.#lastHeartbeatMs = nowMs;
      if (this.#waiting > waitingMax) return this.#fail(facts, "too many requests wait");
      const resolved = await this.#inTime(resolveRequest(read, this.#options.around));
      if (resolved === undefined) return this.#fail(facts, "the engine did not answer in time");
      const answer = this.#decide(resolved, client);
      const { container, mounts } = resolved;
      if (answer.isAllowed && mounts !== undefined && container !== undefined)
        this.#options.onStart(container.id, mounts);
      if (answer.isAllowed && client !== undefined)
        this.#options.attribution.allowed(request, askedOf(resolved, client));
      return answer;
    } catch (error) {
      return this.#fail(facts, error instanceof Error ? error.message : String(error));
    } finally {
      this.#waiting -= 1;
    }
  }

  // Before anything else: who asks may be gone when the engine has answered.
  #findClient(
    request: AuthorizationRequest,
    { facts, imageReference, containerReference }: ReadRequest,
  ): DockerClient | undefined {
    const { action, target, newName, cmd } = facts;
    const names = [...new Set([target, newName, imageReference, containerReference])];
    const wanted = { action, target, names, command: cmd.join(" ") };
    return this.#options.attribution.begin(request, facts.isMutating ? wanted : undefined);
  }

  #decide(resolved: ResolvedRequest, client: DockerClient | undefined): AuthorizationAnswer {
    const { judge, host, draft, mode, clock, onDrafts } = this.#options;
    const { verdict, message, drafts } = decideRequest(resolved, {
      ...{ judge, host, draft, client },
      mode: mode(),
      number: this.#asked,
      timeNs: clock.nowNs(),
    });
    if (drafts.length > 0) onDrafts(drafts);
    if (verdict === "allow") return { isAllowed: true };
    this.#refused += 1;
    return { isAllowed: false, message: message ?? "refused" };
  }

  // The engine sends its question again without a body when a connection breaks: nothing is known of the request then,
  // and asking once more costs the client nothing.
  #refuseUnread(): AuthorizationAnswer {
    if (this.#options.mode() === "monitor") return { isAllowed: true };
    this.#refused += 1;
    return { isAllowed: false, message: failureRefusal(undefined, unreadable) };
  }

  #fail(facts: RequestFacts | undefined, reason: string): AuthorizationAnswer {
    const { settings, mode, log } = this.#options;
    this.#failures += 1;
    const { onFailure } = settings();
    const isRefused = onFailure === "deny" && mode() === "enforce" && mayChangeSomething(facts);
    log.error("a request at the engine's API could not be judged", {
      action: facts?.action,
      uri: facts?.uri.slice(0, 1_000),
      reason,
      answer: isRefused ? "deny" : "allow",
    });
    if (!isRefused) return { isAllowed: true };
    this.#refused += 1;
    return { isAllowed: false, message: failureRefusal(facts, reason) };
  }

  async #inTime<T>(work: Promise<T>): Promise<T | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        resolve(undefined);
      }, this.#options.settings().deadlineMs);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
      // What comes too late may fail as it likes.
      work.catch(() => undefined);
    }
  }
}

function askedOf({ facts, container }: ResolvedRequest, client: DockerClient): AskedBy {
  const { action, target, cmd, newName, image } = facts;
  const isCreate = action === "container.create";
  return {
    ...{ client, action },
    ...(container === undefined || container.id === "" ? {} : { containerId: container.id }),
    ...(action === "exec.start" ? { execId: target } : {}),
    ...(action === "exec.create" ? { command: cmd.join(" ") } : {}),
    ...(isCreate ? { created: { name: newName, image: image?.reference ?? "" } } : {}),
  };
}

function isHeartbeat({ action, query }: RequestFacts): boolean {
  return action === "container.list" && query["filters"]?.includes(heartbeatContainer) === true;
}
