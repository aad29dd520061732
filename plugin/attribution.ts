// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import type { AskedBy, DockerClient } from "../daemon/model/docker-client.ts";
import { textMember } from "../daemon/util/unknown-value.ts";
import { likeliest, type Candidate, type Connection, type Wanted } from "./client-choice.ts";
import type { AuthorizationRequest } from "./protocol.ts";

/** All connections that a request may have come by. */
export interface Look {
  readonly connections: readonly Connection[];
  /** False when it may have come by another way: over the network, or by one that could not be looked at. */
  readonly isWhole: boolean;
}

/** What of the host is asked. Nothing here waits, nothing throws. */
export interface ClientPorts {
  /** Undefined when the engine's process is not known. */
  look(): Look | undefined;
  commandLine(pid: number): readonly string[];
  describe(pid: number, confidence: DockerClient["confidence"]): DockerClient | undefined;
  /** Whether the process has the other end of a connection. */
  holds(pid: number, inode: number): boolean;
  /** Takes what is known of who asked. */
  tell(asked: AskedBy): void;
  readonly ownPid: number;
}

const objectsMax = 1_024;
const underWayMax = 1_024;
const candidatesMax = 64;
/** Bytes of a body that is remembered as it is. */
const plainBodyMax = 1_024;

/** What the daemon itself asks of the engine when it acts. */
const ownActions: ReadonlySet<string> = new Set([
  ...["container.pause", "container.unpause", "container.stop", "container.kill"],
  ...["container.restart", "container.start", "network.disconnect", "network.connect"],
]);

interface UnderWay {
  readonly key: string;
  /** Connections of which one carries it. */
  readonly inodes: Set<number>;
}

/** An exec or container that is being made, and for whom. */
type Making = Omit<AskedBy, "execId">;

/**
 * Finds who asked. A connection carries one request at a time, so one whose request has no answer yet asks nothing else;
 * where a single process is left, it is certain.
 */
export class Attribution {
  readonly #ports: ClientPorts;
  /** Requests without an answer. */
  #underWay: readonly UnderWay[] = [];
  #seen: ReadonlySet<number> = new Set();
  readonly #making = new Map<string, Making>();
  /** Containers and execs that were made, by their ids. */
  readonly #made = new Map<string, Making>();

  constructor(ports: ClientPorts) {
    this.#ports = ports;
  }

  /** The engine asks about a request just now: who sent it? With `wanted` undefined only the connection is noted. */
  begin(request: AuthorizationRequest, wanted: Wanted | undefined): DockerClient | undefined {
    // Who comes over the network is told by a certificate.
    const look = request.user === "" ? this.#ports.look() : undefined;
    if (look === undefined) return undefined;
    const { connections, isWhole } = look;
    const before = this.#seen;
    this.#forgetGone(connections);
    const free = this.#freeOf(connections, wanted);
    const key = keyOf(request);
    if (isWhole && free.length > 0) {
      const inodes = new Set(free.map(({ inode }) => inode));
      this.#underWay = [...this.#underWay, { key, inodes }].slice(-underWayMax);
    }
    if (wanted === undefined) return undefined;
    const sure = isWhole ? this.#onlyOne(free) : undefined;
    const pid = sure ?? this.#likeliest(free, wanted, before);
    if (pid === undefined) return undefined;
    const client = this.#ports.describe(pid, sure === undefined ? "inferred" : "exact");
    return client;
  }

  /** The request is let through. */
  allowed(request: AuthorizationRequest, asked: AskedBy): void {
    if (makes.has(asked.action)) bound(this.#making, keyOf(request), asked);
    // What is to be run, and where, was told when the exec was made.
    const made = asked.action === "exec.start" ? this.#made.get(asked.execId ?? "") : undefined;
    this.#ports.tell({ ...made, ...asked });
  }

  /** The request has its answer: its connection may ask again. */
  end(request: AuthorizationRequest): void {
    const key = keyOf(request);
    this.#underWay = this.#underWay.filter((one) => one.key !== key);
    const making = this.#making.get(key);
    this.#making.delete(key);
    const id = madeId(request);
    if (making === undefined || id === undefined) return;
    bound(this.#made, id, making);
    if (making.action === "exec.create") this.#ports.tell({ ...making, execId: id });
  }

  /** Who asked for what the engine told of, where it does not ask us: by the command lines of those that are connected. */
  guess(wanted: Wanted): DockerClient | undefined {
    const connections = this.#ports.look()?.connections ?? [];
    const others = connections.filter(({ pid }) => pid !== this.#ports.ownPid);
    const known = new Set(others.map(({ inode }) => inode));
    const pid = this.#likeliest(others, wanted, known);
    return pid === undefined ? undefined : this.#ports.describe(pid, "inferred");
  }

  // What carries another request is not free, nor what is our own and never asks such a thing.
  #freeOf(connections: readonly Connection[], wanted: Wanted | undefined): readonly Connection[] {
    const busy = new Set(
      this.#underWay.flatMap(({ inodes }) => (inodes.size === 1 ? [...inodes] : [])),
    );
    const isOurs = ({ pid }: Connection): boolean =>
      pid === this.#ports.ownPid && wanted !== undefined && !ownActions.has(wanted.action);
    return connections.filter((one) => !busy.has(one.inode) && !isOurs(one));
  }

  #onlyOne(free: readonly Connection[]): number | undefined {
    const [first] = free;
    if (first === undefined) return undefined;
    const isOne = free.every(({ pid, isClosed, inode }) => {
      return pid === first.pid && !isClosed && this.#ports.holds(pid, inode);
    });
    return isOne ? first.pid : undefined;
  }

  #likeliest(
    free: readonly Connection[],
    wanted: Wanted,
    before: ReadonlySet<number>,
  ): number | undefined {
    const maker = this.#made.get(wanted.target)?.client.pid;
    const pids = new Set(free.filter(({ isClosed }) => !isClosed).map(({ pid }) => pid));
    const candidates = [...pids].slice(0, candidatesMax).map((pid): Candidate => ({
      pid,
      argv: this.#ports.commandLine(pid),
      isKnown: pid === maker,
      isNew: free.some((one) => one.pid === pid && !before.has(one.inode)),
    }));
    return candidates.length === 0 ? undefined : likeliest(candidates, wanted);
  }

  #forgetGone(connections: readonly Connection[]): void {
    const open = new Set(connections.map(({ inode }) => inode));
    this.#seen = open;
    for (const { inodes } of this.#underWay)
      for (const inode of inodes) if (!open.has(inode)) inodes.delete(inode);
    this.#underWay = this.#underWay.filter(({ inodes }) => inodes.size > 0);
  }
}

/** Requests that make something which is asked for by its id afterwards. */
const makes: ReadonlySet<string> = new Set(["exec.create", "container.create"]);

// The same for the question and for what is told of the answer. Most bodies are shorter than what a digest costs.
function keyOf({ method, uri, body }: AuthorizationRequest): string {
  if (body === undefined) return `${method} ${uri} `;
  const isShort = body.length <= plainBodyMax;
  const text = isShort
    ? body.toString("latin1")
    : createHash("sha256").update(body).digest("base64");
  return `${method} ${uri} ${isShort ? "=" : "#"}${text}`;
}

function madeId({ responseStatus, responseBody }: AuthorizationRequest): string | undefined {
  if (responseStatus !== 201 || responseBody === undefined) return undefined;
  try {
    const id = textMember(JSON.parse(responseBody.toString("utf8")), "Id");
    return id !== undefined && /^[0-9a-f]{64}$/.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

function bound<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next();
  if (map.size > objectsMax && oldest.done !== true) map.delete(oldest.value);
}
