// What the door asks of the engine and of the host, so that it knows what a request refers to. In the main thread.
// SPDX-License-Identifier: Apache-2.0
import { lstat, readlink, stat } from "node:fs/promises";
import { ContainerRecord } from "./enrich/container-record.ts";
import { readDetails } from "./enrich/container-facts.ts";
import type { ContainerInventory } from "./enrich/containers.ts";
import { readImageFacts, toImage } from "./enrich/image-facts.ts";
import { originsOf } from "./host-mounts.ts";
import type { Container } from "./model/container.ts";
import type { ContainerEngine } from "./model/ports.ts";
import { memberOf, textMember } from "./util/unknown-value.ts";
import type { NamespaceModes } from "../plugin/namespaces.ts";
import { sensitivePlaces, type HostFiles, type SensitivePlace } from "../plugin/reach.ts";
import { textsOf, type KnownImage, type Surroundings } from "../plugin/resolve.ts";

interface DoorSurroundingsOptions {
  readonly engine: ContainerEngine;
  readonly inventory: Pick<ContainerInventory, "get" | "list" | "status">;
  /** How long one question may take. */
  readonly deadlineMs: () => number;
}

/** What the door asks of the engine and of the host's files. */
export function createDoorSurroundings(options: DoorSurroundingsOptions): Surroundings {
  const { engine, inventory, deadlineMs } = options;
  return {
    image: (reference) => findImage(engine, reference, deadlineMs()),
    container: (reference) => findContainer(options, reference),
    namespaces: async (reference) => {
      const answer = await engine.inspect(reference.replace(/^\//, ""), deadlineMs());
      if (answer.ok) return modesIn(memberOf(answer.value, "HostConfig"));
      if (answer.error.kind === "gone") return undefined;
      throw new Error(answer.error.message);
    },
    volume: async (name) => {
      const answer = await engine.inspectVolume(name, deadlineMs());
      return answer.ok ? answer.value : undefined;
    },
    network: async (reference) => {
      const answer = await engine.inspectNetwork(reference, deadlineMs());
      if (answer.ok || answer.error.kind === "gone") return answer.ok ? answer.value : undefined;
      throw new Error(answer.error.message);
    },
    places: () => placesOf(engine, inventory),
    files: hostFiles,
    origins: originsOf,
  };
}

/** Places of this host, the engine's own among them. */
export function placesOf(
  { address }: Pick<ContainerEngine, "address">,
  inventory: Pick<ContainerInventory, "status">,
): readonly SensitivePlace[] {
  const socket = address.replace(/^unix:\/\//, "");
  return sensitivePlaces({
    dataRoot: inventory.status().engine?.dataRoot,
    ...(socket.startsWith("/") ? { socket } : {}),
  });
}

function modesIn(hostConfig: unknown): NamespaceModes {
  return {
    networkMode: textMember(hostConfig, "NetworkMode") ?? "",
    pidMode: textMember(hostConfig, "PidMode") ?? "",
    ipcMode: textMember(hostConfig, "IpcMode") ?? "",
    utsMode: textMember(hostConfig, "UTSMode") ?? "",
  };
}

async function findImage(
  engine: ContainerEngine,
  reference: string,
  timeoutMs: number,
): Promise<KnownImage> {
  const answer = await engine.inspectImage(reference, timeoutMs);
  if (!answer.ok && answer.error.kind !== "gone") throw new Error(answer.error.message);
  const value = answer.ok ? answer.value : undefined;
  const facts = readImageFacts(value);
  const config = memberOf(value, "Config");
  return {
    image: toImage({ reference, id: undefined }, facts),
    // With containerd's image store each name of an image has the image's own digest: that says nothing of a registry.
    digestRepositories: (facts?.digests ?? [])
      .filter(({ digest }) => digest !== facts?.id)
      .map(({ normalizedRepository }) => normalizedRepository),
    tagRepositories: (facts?.tags ?? []).map(({ normalizedRepository }) => normalizedRepository),
    entrypoint: textsOf(memberOf(config, "Entrypoint")),
    cmd: textsOf(memberOf(config, "Cmd")),
  };
}

// The engine takes a full id first, then a name, then the beginning of an id (daemon.GetContainer).
async function findContainer(
  { engine, inventory, deadlineMs }: DoorSurroundingsOptions,
  reference: string,
): Promise<Container | undefined> {
  const name = reference.replace(/^\//, "");
  const alive = inventory.list().filter(({ state }) => state !== "dead");
  const known = inventory.get(name) ?? alive.find((container) => container.name === name);
  if (known?.isComplete === true) return known;
  const answer = await engine.inspect(name, deadlineMs());
  if (!answer.ok) {
    if (answer.error.kind === "gone") return known;
    throw new Error(answer.error.message);
  }
  const details = readDetails(answer.value);
  if (details === undefined) return known;
  const listed = inventory.get(details.id);
  if (listed?.isComplete === true) return listed;
  const record = new ContainerRecord(details);
  if (record.imageId !== undefined) {
    const image = await engine.inspectImage(record.imageId, deadlineMs());
    const facts = image.ok ? readImageFacts(image.value) : undefined;
    if (facts !== undefined) record.takeImage(facts);
  }
  return record.container;
}

// As the host's first process sees them: the service may have a /tmp or /dev of its own.
const hostRoot = "/proc/1/root";
const linksMax = 64;

/** Follows links by hand, since those with an absolute target would lead out of the host's root into ours. */
async function follow(root: string, path: string): Promise<string> {
  let left = path.split("/");
  let at = "";
  let links = 0;
  while (left.length > 0) {
    const [segment = "", ...rest] = left;
    left = rest;
    if (segment === "" || segment === ".") continue;
    if (segment === "..") {
      at = at.slice(0, Math.max(0, at.lastIndexOf("/")));
      continue;
    }
    const next = `${at}/${segment}`;
    if (!(await lstat(root + next)).isSymbolicLink()) {
      at = next;
      continue;
    }
    links += 1;
    if (links > linksMax) throw new Error("too many links");
    const target = await readlink(root + next);
    if (target.startsWith("/")) at = "";
    left = [...target.split("/"), ...left];
  }
  return at === "" ? "/" : at;
}

const hostFiles: HostFiles = {
  // What is not there for the first process may be there for us: the engine may have a root of its own as well.
  realPath: (path) =>
    follow(hostRoot, path)
      .catch(() => follow("", path))
      .catch(() => undefined),
  identity: (path) =>
    stat(hostRoot + path, { bigint: true })
      .catch(() => stat(path, { bigint: true }))
      .then(
        ({ dev, ino }) => `${dev}:${ino}`,
        () => undefined,
      ),
};
