// SPDX-License-Identifier: Apache-2.0
import type { Container, Image } from "../daemon/model/container.ts";
import { unknownContainer } from "../daemon/model/container.ts";
import type { RequestedBind, RequestFacts } from "../daemon/model/docker-request.ts";
import type { JudgedMount } from "../daemon/model/mount-origin.ts";
import { toList } from "../daemon/util/unknown-value.ts";
import { hasHostNetwork } from "./host-network.ts";
import {
  followNamespaces,
  joinedBy,
  type JoinedNamespaces,
  type NamespaceModes,
} from "./namespaces.ts";
import { lookAtPath } from "./reach.ts";
import type { ReadRequest } from "./read-request.ts";
import {
  bindOfMount,
  lookAtMounts,
  optionsOf,
  type MountSurroundings,
  type StartingMounts,
} from "./starting-mounts.ts";
import { hostPathsOf } from "./volume-options.ts";

/** An image as the engine has it. */
export interface KnownImage {
  readonly image: Image;
  /** Normalised repositories under which it was pulled or pushed. */
  readonly digestRepositories: readonly string[];
  /** Normalised repositories of its tags. */
  readonly tagRepositories: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
}

/** What the engine and the host are asked about a request. Each answer is undefined for what is not there. */
export interface Surroundings extends MountSurroundings {
  image(reference: string): Promise<KnownImage | undefined>;
  /** By name, id or the beginning of one. */
  container(reference: string): Promise<Container | undefined>;
  /** What a container's namespaces were asked to be. */
  namespaces(reference: string): Promise<NamespaceModes | undefined>;
  /** `GET /networks/{id}`, by name, by id or the beginning of one. */
  network(reference: string): Promise<unknown>;
}

/** A request with all that it refers to. */
export interface ResolvedRequest {
  readonly facts: RequestFacts;
  /** What it is about: a container that is there, or the one that would be made. */
  readonly container?: Container;
  /** Further images whose names this one goes by: it is judged under each of them. */
  readonly otherNames: readonly Image[];
  /** Of a start: what the container would have of the host. */
  readonly mounts?: readonly JudgedMount[];
}

/** Asks for what a request refers to. Rejects when the engine cannot be asked. */
export async function resolveRequest(
  read: ReadRequest,
  around: Surroundings,
): Promise<ResolvedRequest> {
  const { facts } = read;
  // Looking at a container asks the engine, which asks about that in turn: it must not lead to another look.
  if (!facts.isMutating && !copyingOut.has(facts.action)) return { facts, otherNames: [] };
  const subject =
    read.containerReference === ""
      ? Promise.resolve(undefined)
      : around.container(read.containerReference);
  const starts = mountsOf(facts, subject, around);
  const [known, container, binds, joined, mounted, started] = await Promise.all([
    read.imageReference === "" ? undefined : around.image(read.imageReference),
    subject,
    resolveBinds(read, around, starts),
    resolveNamespaces(read, around),
    mountedImages(facts, around),
    starts,
  ]);
  const image = known?.image ?? unknownImage(read.imageReference);
  const { networkMode, pidMode, ipcMode, utsMode } = joined.modes;
  const resolved: RequestFacts = {
    ...facts,
    networkMode,
    pidMode,
    ipcMode,
    utsMode,
    joins: joined.joins,
    binds,
    isRetagged: isRenamed(known),
    ...(image === undefined ? {} : { image }),
    argv: making.has(facts.action) ? argvOf(read, known) : facts.argv,
  };
  const place = making.has(facts.action) ? createdOf(resolved, image) : container;
  return {
    facts: resolved,
    otherNames: [...namesOf(known), ...mounted],
    ...(place === undefined ? {} : { container: place }),
    ...(started === undefined ? {} : { mounts: started.judged }),
  };
}

function mountsOf(
  { action }: RequestFacts,
  subject: Promise<Container | undefined>,
  around: Surroundings,
): Promise<StartingMounts | undefined> {
  if (!starting.has(action)) return Promise.resolve(undefined);
  return subject.then((container) => lookAtMounts(container, around));
}

async function mountedImages(
  { imageMounts }: RequestFacts,
  around: Surroundings,
): Promise<readonly Image[]> {
  const known = await Promise.all(imageMounts.map((reference) => around.image(reference)));
  return known.flatMap((one) => (one === undefined ? [] : [one.image, ...namesOf(one)]));
}

/** Reading that carries a container's files out of it. */
const copyingOut: ReadonlySet<string> = new Set(["container.archive.get", "container.export"]);
/** Requests that say what a container is made of. */
const making: ReadonlySet<string> = new Set([
  ...["container.create", "service.create", "service.update"],
]);

/** Requests at which the engine looks up what a container was made with. */
const starting: ReadonlySet<string> = new Set(["container.start", "container.restart"]);

/**
 * Whether the name was put on the image here: a pulled image has a digest in the repository that it came from, and
 * one that was built here has one name only.
 */
function isRenamed(known: KnownImage | undefined): known is KnownImage {
  if (known === undefined) return false;
  const { image, digestRepositories, tagRepositories } = known;
  const own = image.normalizedRepository;
  if (digestRepositories.includes(own)) return false;
  return [...digestRepositories, ...tagRepositories].some((other) => other !== own);
}

function namesOf(known: KnownImage | undefined): readonly Image[] {
  if (!isRenamed(known)) return [];
  const { image, digestRepositories, tagRepositories } = known;
  const { tag: _tag, ...bare } = image;
  return [...new Set([...digestRepositories, ...tagRepositories])].map((repository) => ({
    ...bare,
    repository,
    normalizedRepository: repository,
  }));
}

// As the engine merges them (daemon/commit.go, merge): a given entry point takes the image's command away.
function argvOf(
  { facts, isEntrypointGiven }: ReadRequest,
  known: KnownImage | undefined,
): readonly string[] {
  const isReset = facts.entrypoint.length === 1 && facts.entrypoint[0] === "";
  const entrypoint = isReset ? [] : facts.entrypoint;
  if (facts.entrypoint.length > 0) return [...entrypoint, ...facts.cmd];
  const cmd = facts.cmd.length > 0 ? facts.cmd : (known?.cmd ?? []);
  return isEntrypointGiven ? cmd : [...(known?.entrypoint ?? []), ...cmd];
}

/** The container that would be made, as far as the request tells. */
function createdOf(facts: RequestFacts, image: Image | undefined): Container | undefined {
  if (image === undefined) return undefined;
  return {
    ...unknownContainer(""),
    name: facts.newName,
    image,
    labels: { ...image.labels, ...facts.labels },
    isPrivileged: facts.isPrivileged,
    user: facts.runAs,
    networkMode: facts.networkMode,
    state: "created",
    mounts: facts.binds.map(({ path, destination, isReadOnly }) => ({
      type: "bind",
      source: path,
      destination,
      mode: isReadOnly ? "ro" : "",
      isReadWrite: !isReadOnly,
      propagation: "",
    })),
  };
}

function unknownImage(reference: string): Image | undefined {
  if (reference === "") return undefined;
  return { ...unknownContainer("").image, reference, repository: reference };
}

// A name is looked up when the container starts, where it may be another container's by then.
async function resolveNamespaces(
  { facts, containerReference, networks }: ReadRequest,
  around: Surroundings,
): Promise<JoinedNamespaces> {
  const isOnHost = await hasHostNetwork(networks, (reference) => around.network(reference));
  const own = starting.has(facts.action) ? await around.namespaces(containerReference) : undefined;
  const given = (kind: keyof NamespaceModes): string => {
    const isJoined = facts[kind] === "" && joinedBy(own?.[kind]) !== undefined;
    return isJoined ? (own?.[kind] ?? "") : facts[kind];
  };
  const modes = {
    networkMode: isOnHost ? "host" : given("networkMode"),
    pidMode: given("pidMode"),
    ipcMode: given("ipcMode"),
    utsMode: given("utsMode"),
  };
  if (Object.values(modes).every((mode) => joinedBy(mode) === undefined))
    return { modes, joins: [] };
  const asked = new Map<string, Promise<NamespaceModes | undefined>>();
  return followNamespaces(modes, (reference) => {
    const found = asked.get(reference) ?? around.namespaces(reference);
    asked.set(reference, found);
    return found;
  });
}

async function resolveBinds(
  { facts, volumesFrom }: ReadRequest,
  around: Surroundings,
  starts: Promise<StartingMounts | undefined>,
): Promise<readonly RequestedBind[]> {
  const isStart = starting.has(facts.action);
  if (facts.binds.length === 0 && volumesFrom.length === 0 && !isStart) return [];
  const inherited = await Promise.all(
    volumesFrom.map(async (text): Promise<readonly RequestedBind[]> => {
      const container = await around.container(text.split(":")[0] ?? "");
      return (container?.mounts ?? []).map(bindOfMount);
    }),
  );
  const places = around.places();
  const asked = await Promise.all(
    [...facts.binds, ...inherited.flat()].map((bind) => behind(bind, around)),
  );
  const looked = await Promise.all(
    asked.flat().map(async (bind): Promise<RequestedBind> => {
      if (!bind.path.startsWith("/")) return bind;
      return { ...bind, ...(await lookAtPath(bind.path, places, around.files)) };
    }),
  );
  return [...looked, ...((await starts)?.news ?? [])];
}

/** The host paths behind a named volume, as binds of their own; one that the engine keeps itself stays as it is. */
async function behind(
  bind: RequestedBind,
  around: Surroundings,
): Promise<readonly RequestedBind[]> {
  if (bind.path === "" || bind.path.startsWith("/")) return [bind];
  const paths = hostPathsOf(optionsOf(await around.volume(bind.path)));
  return paths.length === 0 ? [bind] : paths.map((path) => ({ ...bind, path }));
}

/** Texts of a list, as an image's configuration has them. */
export function textsOf(value: unknown): readonly string[] {
  return toList(value).filter((item) => typeof item === "string");
}
