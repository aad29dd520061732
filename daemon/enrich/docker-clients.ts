// SPDX-License-Identifier: Apache-2.0
import type { AskedBy, DockerClient } from "../model/docker-client.ts";
import type { EngineFacts } from "../model/engine-event.ts";
import type { ExecEvent } from "../model/event.ts";
import type { ExecOrigin } from "../model/process.ts";

interface Asked extends AskedBy {
  readonly atMs: number;
}

const keptMax = 4_096;
/** Requests whose events may still come. */
const recentMax = 256;
/** How long after a request what the engine tells of its object may have come of it. */
const freshMs = 10_000;

/** What each request makes the engine tell of a container. */
const consequences: Readonly<Record<string, readonly string[]>> = {
  "container.start": ["start", "die", "mount_check"],
  "container.restart": ["restart", "kill", "stop", "die", "start", "mount_check"],
  "container.stop": ["stop", "kill", "die"],
  "container.kill": ["kill", "die"],
  "container.pause": ["pause"],
  "container.unpause": ["unpause"],
  "container.rename": ["rename"],
  "container.update": ["update"],
  "container.remove": ["destroy", "kill", "die"],
  "container.attach": ["attach"],
  "container.resize": ["resize"],
  "container.export": ["export"],
  "container.commit": ["commit"],
  "container.archive.get": ["archive-path"],
  "container.archive.put": ["extract-to-dir"],
};

/**
 * Who asked the engine for what, for the events that come of it: by the exec's id, by the container that was started,
 * by what the engine tells shortly afterwards. Bounded: the oldest give way.
 */
export class DockerClients {
  readonly #execs = new Map<string, DockerClient>();
  readonly #starts = new Map<string, DockerClient>();
  #recent: readonly Asked[] = [];

  /** Takes what somebody asked; `nowMs` is monotonic. */
  take(asked: AskedBy, nowMs: number): void {
    const { action, containerId, execId, client, created } = asked;
    if (execId !== undefined) keep(this.#execs, execId, client);
    if (containerId === undefined && created === undefined) return;
    if (containerId !== undefined && starting.has(action)) keep(this.#starts, containerId, client);
    const fresh = this.#recent.filter(({ atMs }) => nowMs - atMs < freshMs);
    this.#recent = [...fresh, { ...asked, atMs: nowMs }].slice(-recentMax);
  }

  removeContainer(id: string): void {
    this.#starts.delete(id);
  }

  /** The event with whoever asked for what led to it, where that is known. */
  name(event: ExecEvent): ExecEvent {
    const client = this.ofProcess(event.process.origin, event.container?.id);
    return client === undefined ? event : { ...event, client };
  }

  /** Who began the line of processes that one with this origin belongs to. A health check is the engine's own. */
  ofProcess(
    origin: ExecOrigin | undefined,
    containerId: string | undefined,
  ): DockerClient | undefined {
    const kind = origin?.kind === "child" ? origin.root : origin?.kind;
    if (origin === undefined || kind === "healthcheck") return undefined;
    const { execId } = origin;
    const client =
      kind === "exec"
        ? this.#execs.get(execId ?? "")
        : kind === "entrypoint"
          ? this.#starts.get(containerId ?? "")
          : undefined;
    return origin.isExact ? client : inferred(client);
  }

  /** Who asked for what the engine tells. */
  ofEngineEvent(facts: EngineFacts, nowMs: number): DockerClient | undefined {
    const { action, containerId, execId, execCommand } = facts;
    const known = execId === undefined ? undefined : this.#execs.get(execId);
    if (known !== undefined || containerId === undefined) return known;
    if (action === "create") return this.#creatorOf(facts, nowMs);
    const found = this.#recent.findLast(
      (asked) =>
        asked.containerId === containerId &&
        nowMs - asked.atMs < freshMs &&
        (action === "exec_create"
          ? asked.action === "exec.create" && asked.command === execCommand
          : consequences[asked.action]?.includes(action) === true),
    );
    if (found === undefined) return undefined;
    // What happens to a container may happen by itself at the same time.
    const client = inferred(found.client);
    if (execId !== undefined && client !== undefined) keep(this.#execs, execId, client);
    return client;
  }

  // The engine tells of a new container before it tells its id to whoever asked: by its name, else by its image.
  #creatorOf(facts: EngineFacts, nowMs: number): DockerClient | undefined {
    const found = this.#recent.filter(
      (asked) => nowMs - asked.atMs < freshMs && isCreated(asked, facts),
    );
    const pids = new Set(found.map(({ client }) => client.pid));
    return pids.size === 1 ? inferred(found.at(-1)?.client) : undefined;
  }
}

const starting: ReadonlySet<string> = new Set(["container.start", "container.restart"]);

/** Whether a request for a new container may have made the one of which the engine tells. */
function isCreated({ containerId, created, action }: AskedBy, facts: EngineFacts): boolean {
  if (action !== "container.create") return false;
  if (created === undefined) return containerId === facts.containerId;
  return created.name === "" ? created.image === facts.image : created.name === facts.name;
}

function inferred(client: DockerClient | undefined): DockerClient | undefined {
  return client === undefined ? undefined : { ...client, confidence: "inferred" };
}

function keep(map: Map<string, DockerClient>, key: string, client: DockerClient): void {
  // What is certain is not replaced by what is likely.
  if (map.get(key)?.confidence === "exact" && client.confidence === "inferred") return;
  map.delete(key);
  map.set(key, client);
  const oldest = map.keys().next();
  if (map.size > keptMax && oldest.done !== true) map.delete(oldest.value);
}
