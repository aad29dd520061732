// SPDX-License-Identifier: Apache-2.0
import type { Engine } from "../../daemon/model/container.ts";
import type {
  ContainerEngine,
  EngineEventsRequest,
  RuntimeChange,
  RuntimeFailure,
} from "../../daemon/model/ports.ts";
import { err, ok, type Result } from "../../daemon/util/result.ts";

/** An engine that answers what the test has put into it, and waits where the test says so. */
export interface FakeEngine {
  readonly engine: ContainerEngine;
  /** Calls, in order: `list`, `list ID`, `inspect ID`, `inspectImage NAME`, `events SINCE`. */
  readonly calls: readonly string[];
  isAway: boolean;
  /** Entries of the list, by id. */
  readonly entries: Map<string, Readonly<Record<string, unknown>>>;
  /** Answers of inspect, by id. */
  readonly details: Map<string, Readonly<Record<string, unknown>>>;
  /** Answers about images, by id or reference. */
  readonly images: Map<string, Readonly<Record<string, unknown>>>;
  /** `inspect` of these waits until they are let go of, as it does while a container starts. */
  readonly locked: Map<string, Promise<void>>;
  emit(event: unknown): void;
  lose(): void;
  /** Ends the event stream. */
  cut(): void;
}

const away: RuntimeFailure = { kind: "unreachable", message: "cannot ask: nobody there" };
const gone: RuntimeFailure = { kind: "gone", message: "cannot ask: no such thing" };
const self: Engine = {
  id: "engine",
  version: "28.0.0",
  apiVersion: "1.48",
  name: "host",
  storageDriver: "overlay2",
  cgroupDriver: "systemd",
  dataRoot: "/var/lib/docker",
};

/** Creates an engine without containers. */
export function createFakeEngine(): FakeEngine {
  const calls: string[] = [];
  let following: EngineEventsRequest | undefined;

  function answer<T>(call: string, value: T | undefined): Promise<Result<T, RuntimeFailure>> {
    calls.push(call);
    if (fake.isAway) return Promise.resolve(err(away));
    return Promise.resolve(value === undefined ? err(gone) : ok(value));
  }

  const done = (): Promise<Result<RuntimeChange, RuntimeFailure>> => Promise.resolve(ok("changed"));
  const fake: FakeEngine = {
    calls,
    isAway: false,
    entries: new Map(),
    details: new Map(),
    images: new Map(),
    locked: new Map(),
    emit: (event) => following?.onEvent(event),
    lose: () => following?.onLost(),
    cut: () => {
      const ended = following;
      following = undefined;
      ended?.onEnd(away);
    },
    engine: {
      address: "unix:///fake.sock",
      negotiate: () => answer("negotiate", self.apiVersion),
      info: () => answer("info", self),
      list: (_, id) =>
        id === undefined
          ? answer("list", [...fake.entries.values()])
          : answer(`list ${id}`, [fake.entries.get(id)].filter(Boolean)),
      inspect: async (id) => {
        calls.push(`inspect ${id}`);
        await fake.locked.get(id);
        const value = fake.details.get(id);
        return value === undefined ? err(gone) : ok(value);
      },
      inspectNetwork: () => Promise.resolve(err({ kind: "gone", message: "no such network" })),
      inspectVolume: () => Promise.resolve(err({ kind: "gone", message: "no such volume" })),
      inspectImage: (name) => answer(`inspectImage ${name}`, fake.images.get(name)),
      events: (request) => {
        following = fake.isAway ? undefined : request;
        return answer(`events ${request.sinceNs}`, { close: () => (following = undefined) });
      },
      pause: done,
      unpause: done,
      stop: done,
      restart: done,
      kill: done,
      disconnect: () => Promise.resolve(ok({ networks: [] })),
      reconnect: () => Promise.resolve(ok({ change: "changed" })),
      close: () => undefined,
    },
  };
  return fake;
}
