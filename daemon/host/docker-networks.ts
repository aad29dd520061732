// SPDX-License-Identifier: Apache-2.0
import type { NetworkAttachment } from "../model/alert.ts";
import type { ContainerRuntime, Reconnection, RuntimeFailure } from "../model/ports.ts";
import { err, ok, type Result } from "../util/result.ts";
import { memberOf, textMember, toList } from "../util/unknown-value.ts";
import type { ControlledEngine } from "./docker-client.ts";

type Networks = Pick<ContainerRuntime, "disconnect" | "reconnect">;

/** The calls that take a container off its networks, and put it on them again as it was. */
export function createDockerNetworks(engine: ControlledEngine): Networks {
  const { call, container, network } = engine;

  const disconnectOne = (
    id: string,
    name: string,
    timeoutMs: number,
  ): Promise<Result<unknown, RuntimeFailure>> =>
    call({ what: `disconnect container ${id} from network ${name}`, timeoutMs }, (abortSignal) =>
      network(name).disconnect({ abortSignal, Container: id, Force: true }),
    );

  const connect = (
    id: string,
    { name, endpoint }: NetworkAttachment,
    timeoutMs: number,
  ): Promise<Result<unknown, RuntimeFailure>> =>
    call({ what: `connect container ${id} to network ${name}`, timeoutMs }, (abortSignal) =>
      network(name).connect({ abortSignal, Container: id, EndpointConfig: endpoint }),
    );

  return {
    async disconnect(id, timeoutMs) {
      const found = await call({ what: `inspect container ${id}`, timeoutMs }, (abortSignal) =>
        container(id).inspect({ abortSignal }),
      );
      if (!found.ok) return found;
      const attached = attachmentsOf(found.value, id);
      const networks: NetworkAttachment[] = [];
      for (const one of attached.networks) {
        const done = await disconnectOne(id, one.name, timeoutMs);
        if (done.ok) networks.push(one);
        else if (!isOffAlready(done.error)) {
          // What was done is told all the same: it can be undone.
          if (networks.length === 0) return done;
          return ok({ networks, obstacle: done.error.message });
        }
      }
      return ok({ ...attached, networks });
    },
    async reconnect(id, attachment, timeoutMs): Promise<Result<Reconnection, RuntimeFailure>> {
      const done = await connect(id, attachment, timeoutMs);
      if (done.ok) return ok({ change: "changed" });
      if (isThereAlready(done.error)) return ok({ change: "unchanged" });
      if (done.error.kind !== "refused") return err(done.error);
      // An address out of a pool may be somebody else's by now, and some networks give none on demand.
      const { IPAMConfig: _addresses, ...endpoint } = attachment.endpoint;
      const again = await connect(id, { ...attachment, endpoint }, timeoutMs);
      if (!again.ok) return err(done.error);
      return ok({ change: "changed", otherAddress: done.error.message });
    },
  };
}

// moby, libnetwork: "endpoint with name … already exists in network …".
function isThereAlready({ kind, message }: RuntimeFailure): boolean {
  return kind === "refused" && message.includes("already exists in network");
}

// It went off the network by itself in between, or the network is gone.
function isOffAlready({ kind, message }: RuntimeFailure): boolean {
  return kind === "gone" || message.includes("is not connected to");
}

interface Attachments {
  readonly networks: readonly NetworkAttachment[];
  readonly obstacle?: string;
}

/** `NetworkSettings.Networks` of `GET /containers/{id}/json`: what the container is on. */
function attachmentsOf(details: unknown, id: string): Attachments {
  const mode = textMember(memberOf(details, "HostConfig"), "NetworkMode") ?? "";
  if (mode === "host")
    return { networks: [], obstacle: "it has the host's network, which nobody can be taken off" };
  if (mode.startsWith("container:"))
    return {
      networks: [],
      obstacle: `it has the network of another container: act on ${mode.slice(10, 22)}`,
    };
  const networks = memberOf(memberOf(details, "NetworkSettings"), "Networks");
  if (typeof networks !== "object" || networks === null) return { networks: [] };
  const entries: [string, unknown][] = Object.entries(networks);
  return {
    networks: entries
      .filter(([name]) => name !== "none")
      .map(([name, endpoint]) => ({ name, endpoint: endpointConfigOf(name, endpoint, id) })),
  };
}

/** What `connect` takes, out of what `inspect` tells: settings as they were given, addresses as they are. */
function endpointConfigOf(
  network: string,
  endpoint: unknown,
  id: string,
): Readonly<Record<string, unknown>> {
  // The default bridge has neither aliases nor addresses on demand (docker network connect).
  if (network === "bridge") return {};
  const given = memberOf(endpoint, "IPAMConfig");
  const addresses = {
    IPv4Address: textMember(given, "IPv4Address") ?? textMember(endpoint, "IPAddress"),
    IPv6Address: textMember(given, "IPv6Address") ?? textMember(endpoint, "GlobalIPv6Address"),
  };
  const known = Object.entries(addresses).filter(([, address]) => (address ?? "") !== "");
  // Engines before 25 list the short id, which they add themselves.
  const aliases = toList(memberOf(endpoint, "Aliases")).filter(
    (alias) => typeof alias === "string" && alias !== id.slice(0, 12),
  );
  return {
    ...(known.length === 0 ? {} : { IPAMConfig: Object.fromEntries(known) }),
    ...(aliases.length === 0 ? {} : { Aliases: aliases }),
    ...kept(endpoint, "Links"),
    ...kept(endpoint, "DriverOpts"),
  };
}

function kept(endpoint: unknown, name: string): Readonly<Record<string, unknown>> {
  const value = memberOf(endpoint, name);
  return value === undefined || value === null ? {} : { [name]: value };
}
