// A host and an engine that have what a test says, for the door's answers without either.
// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { unknownContainer, type Container, type Image } from "../../daemon/model/container.ts";
import { parseImageReference } from "../../daemon/model/image-reference.ts";
import type { EngineFacts } from "../../daemon/model/engine-event.ts";
import type { DockerRequest } from "../../daemon/model/event.ts";
import { readRequest, type ReadRequest } from "../../plugin/read-request.ts";
import { sensitivePlaces } from "../../plugin/reach.ts";
import { resolveRequest, type KnownImage, type Surroundings } from "../../plugin/resolve.ts";
import { engineEvent } from "../rules/docker-event.ts";
import { loadTexts } from "../rules/load-text.ts";
import { sampleEvent } from "../rules/sample-event.ts";

/** An image that was pulled under its own name and under no other. */
function pulledImage(reference: string, changes: Partial<KnownImage> = {}): KnownImage {
  const image = imageOf(reference);
  const repositories = [image.normalizedRepository];
  return {
    ...{ image, digestRepositories: repositories, tagRepositories: repositories },
    ...{ entrypoint: [], cmd: ["/bin/sh"] },
    ...changes,
  };
}

function imageOf(reference: string): Image {
  const parsed = parseImageReference(reference);
  return {
    ...unknownContainer("").image,
    reference,
    repository: parsed?.repository ?? reference,
    normalizedRepository: parsed?.normalizedRepository ?? reference,
    id: `sha256:${"e".repeat(64)}`,
  };
}

/** A container that the engine has. */
export function madeContainer(name: string, changes: Partial<Container> = {}): Container {
  return { ...unknownContainer("c".repeat(64)), name, isComplete: true, ...changes };
}

/** Everything that is there, as little as a test needs; each path of the host is what its name says. */
function knownHost(changes: Partial<Surroundings> = {}): Surroundings {
  return {
    image: (reference) => Promise.resolve(pulledImage(reference)),
    container: (reference) => Promise.resolve(madeContainer(reference)),
    namespaces: () => Promise.resolve(undefined),
    volume: () => Promise.resolve(undefined),
    network: () => Promise.resolve(undefined),
    places: () => sensitivePlaces({}),
    files: {
      realPath: (path) => Promise.resolve(path),
      identity: () => Promise.resolve(undefined),
    },
    origins: (paths) => paths.map((path) => [{ device: 1, root: path }]),
    ...changes,
  };
}

/** `POST /containers/create` with a body, read as the engine would. */
function readLine(line: string, body?: unknown): ReadRequest {
  const [method = "", uri = ""] = line.split(/ (.*)/s);
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return readRequest({
    ...{ user: "", authMethod: "", method, uri, text: Buffer.alloc(0) },
    headers:
      body === undefined ? { "content-length": "0" } : { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: Buffer.from(text) }),
  });
}

const shipped = loadTexts([
  readFileSync(new URL("../../rules/docker.yaml", import.meta.url), "utf8"),
]);

/** The event that rules see of a request. */
async function eventOf(
  read: ReadRequest,
  changes: Partial<Surroundings> = {},
): Promise<DockerRequest> {
  const { facts, container } = await resolveRequest(read, knownHost(changes));
  const { number, timeNs, host } = sampleEvent();
  return {
    ...{ kind: "docker-request", number, timeNs, host, isHeld: true, request: facts },
    allowlists: new Set(),
    ...(container === undefined ? {} : { container }),
  };
}

/** Names of the shipped rules that what the engine told, or we, is an alert of. */
export function rulesOfEvent(facts: EngineFacts): readonly string[] {
  return shipped.match(engineEvent(facts)).map(({ name }) => name);
}

/** Names of the shipped rules that a request is an alert of. */
export async function rulesOf(
  line: string,
  body?: unknown,
  changes: Partial<Surroundings> = {},
): Promise<readonly string[]> {
  const event = await eventOf(readLine(line, body), changes);
  return shipped.match(event).map(({ name }) => name);
}
