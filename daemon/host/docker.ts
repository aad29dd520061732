// SPDX-License-Identifier: Apache-2.0
import { Agent } from "node:http";
import { inspect } from "node:util";
import Docker from "dockerode";
import type { Engine } from "../model/container.ts";
import type {
  ContainerEngine,
  EngineEvents,
  EngineEventsRequest,
  RuntimeFailure,
} from "../model/ports.ts";
import { err, ok, type Result } from "../util/result.ts";
import { textMember, toList } from "../util/unknown-value.ts";
import { apiVersionMin, chooseApiVersion } from "./api-version.ts";
import { parseDockerAddress, type DockerAddress } from "./docker-address.ts";
import { createDockerControl } from "./docker-control.ts";
import { toRuntimeFailure } from "./docker-failure.ts";
import { createJsonLines } from "./json-lines.ts";

/** A longer event is left out and reported as lost: labels can make them as long as the engine lets them be. */
const eventLengthMax = 1 << 20;

/** How the engine is called: the whole of what a call may take, and its name in messages. */
interface Call {
  /** Said as in `cannot <what>: …`. */
  readonly what: string;
  readonly timeoutMs: number;
}

/**
 * Speaks to the Docker engine at `host` (`unix:///PATH` or `tcp://HOST:PORT`); throws when `host` is neither.
 * Connects only when asked something. Every call ends within its timeout and never throws.
 */
export function createDockerEngine({ host }: { readonly host: string }): ContainerEngine {
  const parsed = parseDockerAddress(host);
  if (!parsed.ok) throw parsed.error;
  const address = parsed.value;
  const agent = createAgent();
  let docker = connect({ address, agent });
  let apiVersion: string | undefined;

  return {
    address: host,
    negotiate: async (timeoutMs) => {
      // Asked without a version in its path: this is the one call that every engine answers.
      docker = connect({ address, agent });
      const asked = docker;
      const version = await call({ what: `ask ${host} for its version`, timeoutMs }, () =>
        asked.version(),
      );
      if (!version.ok) return version;
      const newest = textMember(version.value, "ApiVersion") ?? "";
      const oldest = textMember(version.value, "MinAPIVersion");
      const chosen = chooseApiVersion(newest, oldest);
      if (chosen === undefined) return err(tooOld(host, newest));
      apiVersion = chosen;
      docker = connect({ address, agent, apiVersion });
      return ok(chosen);
    },
    info: async (timeoutMs) => {
      const info: Result<unknown, RuntimeFailure> = await call(
        { what: `ask ${host} who it is`, timeoutMs },
        () => docker.info(),
      );
      return info.ok ? ok(toEngine(info.value, apiVersion ?? "")) : info;
    },
    list: (timeoutMs, id) =>
      call({ what: "list containers", timeoutMs }, async (abortSignal) => {
        const filters = id === undefined ? {} : { filters: { id: [id] } };
        return toList(await docker.listContainers({ all: true, abortSignal, ...filters }));
      }),
    ...createInspections(() => docker),
    events: (request) => follow(docker, request),
    ...createDockerControl({
      container: (id) => docker.getContainer(id),
      network: (name) => docker.getNetwork(name),
      call,
    }),
    close: () => {
      agent.destroy();
    },
  };
}

/** What the engine tells of one thing. */
function createInspections(
  docker: () => Docker,
): Pick<ContainerEngine, "inspect" | "inspectImage" | "inspectVolume" | "inspectNetwork"> {
  return {
    inspect: (id, timeoutMs) =>
      call({ what: `inspect container ${id}`, timeoutMs }, (abortSignal) =>
        docker().getContainer(id).inspect({ abortSignal }),
      ),
    inspectImage: (name, timeoutMs) =>
      call({ what: `inspect image ${name}`, timeoutMs }, () => docker().getImage(name).inspect()),
    inspectVolume: (name, timeoutMs) =>
      call({ what: `inspect volume ${name}`, timeoutMs }, (abortSignal) =>
        docker().getVolume(name).inspect({ abortSignal }),
      ),
    inspectNetwork: (reference, timeoutMs) =>
      call({ what: `inspect network ${reference}`, timeoutMs }, () =>
        docker().getNetwork(encodeURIComponent(reference)).inspect(),
      ),
  };
}

function connect({
  address,
  agent,
  apiVersion,
}: {
  readonly address: DockerAddress;
  readonly agent: Agent;
  readonly apiVersion?: string;
}): Docker {
  const place =
    address.kind === "unix"
      ? { socketPath: address.socketPath, host: undefined }
      : { host: address.host, port: address.port };
  // Everything is said here, undefined too: what is left out, the package takes from DOCKER_HOST and its kin.
  const options = { ...place, protocol: "http" as const, timeout: undefined, agent };
  return new Docker({
    ...options,
    version: apiVersion === undefined ? undefined : `v${apiVersion}`,
  });
}

/**
 * docker-modem prints the options of every request for its debug log, also when nobody reads that: with an agent, whose
 * sockets hold every request under way, that takes most of the main thread's time. An agent with a short print costs none.
 */
function createAgent(): Agent {
  return Object.assign(new Agent({ keepAlive: true }), { [inspect.custom]: () => "Agent {}" });
}

/** Runs one call; failure and delay become results. The signal ends what the call still does after its time. */
async function call<T>(
  { what, timeoutMs }: Call,
  run: (abortSignal: AbortSignal) => Promise<T>,
): Promise<Result<T, RuntimeFailure>> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  // A race, since the package never settles when the engine goes away in the middle of an answer.
  const expired = new Promise<Result<T, RuntimeFailure>>((resolve) => {
    timer = setTimeout(() => {
      resolve(
        err({ kind: "timeout", message: `cannot ${what}: no answer within ${timeoutMs} ms` }),
      );
      controller.abort();
    }, timeoutMs);
  });
  const answered = run(controller.signal).then(ok, (cause: unknown) =>
    err(toRuntimeFailure(what, cause)),
  );
  try {
    return await Promise.race([answered, expired]);
  } finally {
    clearTimeout(timer);
  }
}

async function follow(
  docker: Docker,
  request: EngineEventsRequest,
): Promise<Result<EngineEvents, RuntimeFailure>> {
  const what = "follow the engine's events";
  const stop = new AbortController();
  const opened = await call({ what, timeoutMs: request.timeoutMs }, async (abortSignal) => {
    abortSignal.addEventListener(
      "abort",
      () => {
        stop.abort();
      },
      { once: true },
    );
    return docker.getEvents({
      // Seconds with a fraction; what the double rounds off is less than a microsecond.
      since: Number(request.sinceNs) / 1e9,
      abortSignal: stop.signal,
    });
  });
  if (!opened.ok) return opened;
  const stream = opened.value;
  let isOpen = true;
  const end = (cause: unknown): void => {
    if (!isOpen) return;
    isOpen = false;
    request.onEnd(toRuntimeFailure(what, cause));
  };
  const read = createJsonLines(eventLengthMax, {
    onValue: (value) => {
      if (isOpen) request.onEvent(value);
    },
    onLost: () => {
      if (isOpen) request.onLost();
    },
  });
  stream.setEncoding("utf8");
  stream.on("data", read);
  stream.on("error", end);
  stream.on("close", () => {
    end(new Error("the engine closed the connection"));
  });
  return ok({
    close: () => {
      isOpen = false;
      stop.abort();
    },
  });
}

function tooOld(host: string, newest: string): RuntimeFailure {
  const message = `cannot use the engine at ${host}: it speaks API "${newest}", and ${apiVersionMin} or newer is needed`;
  return { kind: "refused", message };
}

function toEngine(info: unknown, apiVersion: string): Engine {
  const text = (name: string): string => textMember(info, name) ?? "";
  return {
    id: text("ID"),
    version: text("ServerVersion"),
    apiVersion,
    name: text("Name"),
    storageDriver: text("Driver"),
    cgroupDriver: text("CgroupDriver"),
    dataRoot: text("DockerRootDir"),
  };
}
