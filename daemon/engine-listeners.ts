// Where the engine takes requests, by its own sockets: each is a door beside the one that everybody thinks of.
// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readlinkSync } from "node:fs";
import { parseTcp, parseUnix, type ListeningSocket } from "./kernel/listening-sockets.ts";
import { readProc } from "./kernel/proc.ts";
import type { EngineListener } from "./model/status.ts";
import { memberOf, toList } from "./util/unknown-value.ts";

const defaultConfigFile = "/etc/docker/daemon.json";
const descriptorsMax = 8_192;
/** Of swarms: none takes requests of the API without a certificate of the swarm's own (docs.docker.com, swarm mode). */
const swarmPorts: ReadonlySet<number> = new Set([2_377, 7_946]);
/** What the engine keeps for itself: libnetwork's control socket, its metrics for plugins. */
const ownSocket = /\/(?:libnetwork\/[^/]+|metrics)\.sock$/;

/** The settings of an engine that say who may come in. */
interface EngineDoors {
  readonly hosts: readonly string[];
  readonly tls: EngineListener["certificates"];
}

/** What process `pid`, an engine, listens on. Empty where it cannot be seen. */
export function readEngineListeners(pid: number): readonly EngineListener[] {
  const inodes = socketsOf(pid);
  const sockets = [
    ...parseUnix(readProc(`/proc/${pid}/net/unix`) ?? ""),
    ...["tcp", "tcp6"].flatMap((table) => parseTcp(readProc(`/proc/${pid}/net/${table}`) ?? "")),
  ].filter(({ inode }) => inodes.has(inode));
  const argv = (readProc(`/proc/${pid}/cmdline`) ?? "").split("\0");
  const file = optionsOf(argv, ["--config-file"])[0] ?? defaultConfigFile;
  return listenersOf(sockets, readDoors(argv, readProc(`/proc/${pid}/root${file}`) ?? ""));
}

/** What an engine's command line and daemon.json say of its doors. Pure. */
export function readDoors(argv: readonly string[], configText: string): EngineDoors {
  const config = parse(configText);
  const isSet = (name: string): boolean =>
    argv.some((word) => word === `--${name}` || word === `--${name}=true`) ||
    memberOf(config, name) === true;
  const listed = toList(memberOf(config, "hosts")).filter((host) => typeof host === "string");
  return {
    hosts: [...optionsOf(argv, ["-H", "--host"]), ...listed],
    tls: isSet("tlsverify") ? "required" : isSet("tls") ? "not-asked-for" : "no-tls",
  };
}

/** Those that take requests, with who can come to them. Pure. */
export function listenersOf(
  sockets: readonly ListeningSocket[],
  { hosts, tls }: EngineDoors,
): readonly EngineListener[] {
  const ports = new Set(hosts.flatMap((host) => portOf(host, tls)));
  // Systemd may have opened any.
  const isHandedOver = hosts.some((host) => host.startsWith("fd://"));
  return sockets.flatMap(({ place }): readonly EngineListener[] => {
    if (place.kind === "unix") {
      if (ownSocket.test(place.path)) return [];
      return [{ address: `unix://${place.path}`, reach: "files", certificates: "no-tls" }];
    }
    const { address, port } = place;
    if (!ports.has(port) && (!isHandedOver || swarmPorts.has(port))) return [];
    const isLocal = address.startsWith("127.") || address === "::1";
    const host = address.includes(":") ? `[${address}]` : address;
    const reach = isLocal ? "loopback" : "network";
    return [{ address: `tcp://${host}:${port}`, reach, certificates: tls }];
  });
}

function portOf(host: string, tls: EngineDoors["tls"]): readonly number[] {
  const match = /^tcp:\/\/(?:\[[^\]]*\]|[^:/]*)(?::([0-9]+))?/.exec(host);
  if (match === null) return [];
  return [match[1] === undefined ? (tls === "no-tls" ? 2_375 : 2_376) : Number(match[1])];
}

/** Values of an option in all of its spellings: `-H X`, `-HX`, `--host X`, `--host=X`. */
function optionsOf(argv: readonly string[], names: readonly string[]): readonly string[] {
  return argv.flatMap((word, index) => {
    if (names.includes(word)) return argv.slice(index + 1, index + 2);
    const name = names.find((one) => word.startsWith(one.startsWith("--") ? `${one}=` : one));
    if (name === undefined || (name === "-H" && word.startsWith("--"))) return [];
    return [word.slice(name.length).replace(/^=/, "")];
  });
}

function socketsOf(pid: number): ReadonlySet<number> {
  try {
    const names = readdirSync(`/proc/${pid}/fd`).slice(0, descriptorsMax);
    return new Set(names.flatMap((name) => inodeOf(`/proc/${pid}/fd/${name}`)));
  } catch {
    return new Set();
  }
}

// It may have been closed meanwhile.
function inodeOf(path: string): readonly number[] {
  try {
    const match = /^socket:\[([0-9]+)\]$/.exec(readlinkSync(path));
    return match === null ? [] : [Number(match[1])];
  } catch {
    return [];
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
