// SPDX-License-Identifier: Apache-2.0
import type { Container, ContainerMount } from "../model/container.ts";
import { memberOf, textMember, toList } from "../util/unknown-value.ts";
import { readLabels, type Labels } from "./container-labels.ts";
import { fitText, readContainerId, readImageId } from "./engine-text.ts";
import { parseEngineTime, secondsToNs } from "./engine-time.ts";

/** What one answer of the engine tells of a container; undefined is what it does not tell. */
export interface ContainerFacts {
  readonly name: string | undefined;
  /** As it was given to the engine. */
  readonly imageReference: string | undefined;
  readonly imageId: string | undefined;
  readonly labels: Labels | undefined;
  readonly mounts: readonly ContainerMount[] | undefined;
  readonly networkMode: string | undefined;
  readonly isPrivileged: boolean | undefined;
  readonly sharesHostPid: boolean | undefined;
  readonly sharesHostIpc: boolean | undefined;
  readonly user: string | undefined;
  readonly rootDirectory: string | undefined;
  readonly healthcheck: readonly string[] | undefined;
  readonly createdNs: bigint | undefined;
}

/** Where a container stands in its life. */
export interface Lifecycle {
  readonly state: Container["state"];
  readonly pid: number | undefined;
  readonly startedNs: bigint | undefined;
}

/** An answer about one container. */
export interface ContainerAnswer {
  readonly id: string;
  readonly facts: ContainerFacts;
  readonly lifecycle: Lifecycle;
}

const nameLengthMax = 256;
const referenceLengthMax = 1_024;
const pathLengthMax = 4_096;
const wordLengthMax = 256;
const mountsMax = 1_024;

const noFacts: ContainerFacts = {
  name: undefined,
  imageReference: undefined,
  imageId: undefined,
  labels: undefined,
  mounts: undefined,
  networkMode: undefined,
  isPrivileged: undefined,
  sharesHostPid: undefined,
  sharesHostIpc: undefined,
  user: undefined,
  rootDirectory: undefined,
  healthcheck: undefined,
  createdNs: undefined,
};

/** What a container's event tells: its attributes are the labels, with `image` and `name` among them. */
export function readAttributes(attributes: unknown): ContainerFacts {
  const labels = Object.entries(readLabels(attributes) ?? {});
  return {
    ...noFacts,
    name: fitText(memberOf(attributes, "name"), nameLengthMax),
    imageReference: fitText(memberOf(attributes, "image"), referenceLengthMax),
    labels: Object.fromEntries(labels.filter(([name]) => name !== "image" && name !== "name")),
  };
}

/** What a `rename` tells that is new. */
export function readRename(attributes: unknown): ContainerFacts {
  return { ...noFacts, name: readName(memberOf(attributes, "name")) };
}

/** One entry of `GET /containers/json`. */
export function readSummary(entry: unknown): ContainerAnswer | undefined {
  const id = readContainerId(memberOf(entry, "Id"));
  if (id === undefined) return undefined;
  const facts = {
    ...noFacts,
    name: readListedName(memberOf(entry, "Names")),
    imageReference: fitText(memberOf(entry, "Image"), referenceLengthMax),
    imageId: readImageId(memberOf(entry, "ImageID")),
    labels: readLabels(memberOf(entry, "Labels")),
    mounts: readMounts(memberOf(entry, "Mounts")),
    networkMode: fitText(memberOf(memberOf(entry, "HostConfig"), "NetworkMode"), wordLengthMax),
    createdNs: secondsToNs(memberOf(entry, "Created")),
  };
  const state = readState(memberOf(entry, "State"));
  return { id, facts, lifecycle: { state, pid: undefined, startedNs: undefined } };
}

/** `GET /containers/{id}/json`. */
export function readDetails(details: unknown): ContainerAnswer | undefined {
  const id = readContainerId(memberOf(details, "Id"));
  if (id === undefined) return undefined;
  const config = memberOf(details, "Config");
  const hostConfig = memberOf(details, "HostConfig");
  const facts = {
    name: readName(memberOf(details, "Name")),
    imageReference: fitText(memberOf(config, "Image"), referenceLengthMax),
    imageId: readImageId(memberOf(details, "Image")),
    labels: readLabels(memberOf(config, "Labels")),
    mounts: readMounts(memberOf(details, "Mounts")),
    networkMode: fitText(memberOf(hostConfig, "NetworkMode"), wordLengthMax),
    isPrivileged: memberOf(hostConfig, "Privileged") === true,
    sharesHostPid: memberOf(hostConfig, "PidMode") === "host",
    sharesHostIpc: memberOf(hostConfig, "IpcMode") === "host",
    user: fitText(memberOf(config, "User"), wordLengthMax) ?? "",
    rootDirectory: readRootDirectory(memberOf(details, "GraphDriver")),
    healthcheck: readHealthcheck(config),
    createdNs: parseEngineTime(textMember(details, "Created") ?? ""),
  };
  return { id, facts, lifecycle: readLifecycle(memberOf(details, "State")) };
}

/** Lays newer facts over older ones; what the newer ones do not tell stays. */
export function mergeFacts(older: ContainerFacts, newer: ContainerFacts): ContainerFacts {
  const told = Object.entries(newer).filter(([, value]) => value !== undefined);
  return { ...older, ...Object.fromEntries(told) };
}

function readLifecycle(state: unknown): Lifecycle {
  const pid = memberOf(state, "Pid");
  const isPid = typeof pid === "number" && Number.isSafeInteger(pid) && pid > 0;
  return {
    state: readState(memberOf(state, "Status")),
    pid: isPid ? pid : undefined,
    startedNs: parseEngineTime(textMember(state, "StartedAt") ?? ""),
  };
}

/** `restarting` has no process either, until its next `start`. */
function readState(status: unknown): Container["state"] {
  if (status === "running" || status === "paused" || status === "created") return status;
  return "dead";
}

/** Of several names, the others (`/other/alias`) are links of other containers to this one. */
function readListedName(names: unknown): string | undefined {
  const own = toList(names).find((name) => typeof name === "string" && !name.includes("/", 1));
  return readName(own);
}

function readName(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  return fitText(value.startsWith("/") ? value.slice(1) : value, nameLengthMax);
}

function readMounts(value: unknown): readonly ContainerMount[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return toList(value).slice(0, mountsMax).map(readMount);
}

function readMount(mount: unknown): ContainerMount {
  const type = fitText(memberOf(mount, "Type"), wordLengthMax) ?? "";
  const volume = type === "volume" ? fitText(memberOf(mount, "Name"), nameLengthMax) : undefined;
  return {
    type,
    ...(volume === undefined ? {} : { volume }),
    source: fitText(memberOf(mount, "Source"), pathLengthMax) ?? "",
    destination: fitText(memberOf(mount, "Destination"), pathLengthMax) ?? "",
    mode: fitText(memberOf(mount, "Mode"), wordLengthMax) ?? "",
    isReadWrite: memberOf(mount, "RW") === true,
    propagation: fitText(memberOf(mount, "Propagation"), wordLengthMax) ?? "",
  };
}

/** `["CMD", …]` is run as it is, `["CMD-SHELL", TEXT]` by the shell (Docker Engine API, HealthConfig). */
function readHealthcheck(config: unknown): readonly string[] | undefined {
  const test = readWords(memberOf(memberOf(config, "Healthcheck"), "Test"));
  const [kind, ...words] = test;
  if (kind === "CMD") return words;
  if (kind !== "CMD-SHELL") return undefined;
  const shell = readWords(memberOf(config, "Shell"));
  return [...(shell.length === 0 ? ["/bin/sh", "-c"] : shell), ...words];
}

function readWords(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return toList(value)
    .slice(0, 256)
    .flatMap((word) => (typeof word === "string" ? [word.slice(0, pathLengthMax)] : []));
}

/** Where overlay2 mounts the root; other storage drivers, and engines on containerd's images, do not say. */
function readRootDirectory(graphDriver: unknown): string | undefined {
  const directory = textMember(memberOf(graphDriver, "Data"), "MergedDir");
  const isPath = directory?.startsWith("/") === true && directory.length <= pathLengthMax;
  return isPath ? directory : undefined;
}
