// SPDX-License-Identifier: Apache-2.0
import type { EngineFacts } from "../model/engine-event.ts";
import { memberOf, textMember } from "../util/unknown-value.ts";
import { fitText, readContainerId } from "./engine-text.ts";
import { secondsToNs } from "./engine-time.ts";

/** One event as `GET /events` tells it (Docker Engine API, `EventMessage`). */
export interface HeardEvent {
  readonly facts: EngineFacts;
  /** Of a container: its labels, and `name` and `image`, which the engine sets after them. */
  readonly attributes: unknown;
}

/** Whoever starts a container chooses its labels, and with them most of an event's attributes. */
const wordLengthMax = 64;
const idLengthMax = 256;
const referenceLengthMax = 1_024;
const commandLengthMax = 4_096;
const attributesMax = 64;
const attributeLengthMax = 1_024;
/** Over all attributes of one event. */
const attributesLengthMax = 16_384;

/** Decodes one line of the engine's events, of whatever type; undefined when it is none. */
export function readEngineEvent(value: unknown): HeardEvent | undefined {
  const type = fitText(memberOf(value, "Type"), wordLengthMax);
  const said = textMember(value, "Action");
  const actor = memberOf(value, "Actor");
  const actorId = fitText(memberOf(actor, "ID"), idLengthMax) ?? "";
  const timeNs = readTime(value);
  if (type === undefined || said === undefined || timeNs === undefined) return undefined;
  const containerId = readContainerId(actorId);
  if (type === "container" && containerId === undefined) return undefined;
  const attributes = memberOf(actor, "Attributes");
  const object = { type, actorId, attributes };
  return {
    attributes,
    facts: {
      ...{ type, actorId, timeNs },
      ...readAction(said),
      scope: fitText(memberOf(value, "scope"), wordLengthMax) ?? "",
      ...(type === "container" ? readOfContainer(attributes) : {}),
      ...readNames(object),
      attributes: boundAttributes(attributes),
    },
  };
}

/** What stands behind the colon: the command of an exec, or the health. */
function readAction(said: string): Pick<EngineFacts, "action" | "execCommand" | "health"> {
  const colon = said.indexOf(":");
  const action = fitText(colon < 0 ? said : said.slice(0, colon), wordLengthMax) ?? "";
  const more = colon < 0 ? undefined : fitText(said.slice(colon + 1).trim(), commandLengthMax);
  if (more === undefined) return { action };
  if (action.startsWith("exec_")) return { action, execCommand: more };
  return action === "health_status" ? { action, health: more } : { action };
}

function readOfContainer(attributes: unknown): Partial<EngineFacts> {
  const execId = readContainerId(memberOf(attributes, "execID"));
  const exitCode = readNumber(memberOf(attributes, "exitCode"));
  const signal = readNumber(memberOf(attributes, "signal"));
  const oldName = fitText(memberOf(attributes, "oldName"), idLengthMax);
  return {
    ...(execId === undefined ? {} : { execId }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    ...(oldName === undefined ? {} : { oldName: withoutSlash(oldName) }),
  };
}

function readNames(object: {
  readonly type: string;
  readonly actorId: string;
  readonly attributes: unknown;
}): Pick<EngineFacts, "containerId" | "name" | "image"> {
  const { type, actorId, attributes } = object;
  const named = fitText(memberOf(attributes, "name"), idLengthMax);
  // A volume's id is its name, and images are told by name where they have one.
  const name = named ?? (type === "volume" || type === "image" ? actorId : undefined);
  const isContainer = type === "container";
  const image = imageOf(object, name);
  const containerId = readContainerId(isContainer ? actorId : memberOf(attributes, "container"));
  return {
    ...(name === undefined ? {} : { name: isContainer ? withoutSlash(name) : name }),
    ...(image === undefined ? {} : { image }),
    ...(containerId === undefined ? {} : { containerId }),
  };
}

function imageOf(
  { type, actorId, attributes }: Parameters<typeof readNames>[0],
  name: string | undefined,
): string | undefined {
  if (type === "container") return fitText(memberOf(attributes, "image"), referenceLengthMax);
  if (type !== "image") return undefined;
  // A pull has the tag in the id alone; other events of images have their digest there.
  return actorId.startsWith("sha256:") ? name : actorId;
}

/** The facts that a container's own labels of the same name overwrite in its events: not to be believed then. */
const overwritable = {
  execID: "execId",
  exitCode: "exitCode",
  signal: "signal",
  oldName: "oldName",
};

/** Leaves out what a label of the container could have said in the engine's place. */
export function withoutForged(
  facts: EngineFacts,
  labels: Readonly<Record<string, string>>,
): EngineFacts {
  const forged = Object.entries(overwritable).filter(([key]) => Object.hasOwn(labels, key));
  if (forged.length === 0) return facts;
  const names = new Set<string>(forged.map(([, fact]) => fact));
  const left = Object.entries(facts).filter(([fact]) => !names.has(fact));
  return Object.fromEntries(left) as unknown as EngineFacts;
}

/** As many as fit; those of the engine itself first. */
function boundAttributes(attributes: unknown): Readonly<Record<string, string>> {
  if (typeof attributes !== "object" || attributes === null) return {};
  const own = new Set(["name", "image", "container", ...Object.keys(overwritable)]);
  const entries = Object.entries(attributes as Readonly<Record<string, unknown>>);
  const ordered = [
    ...entries.filter(([key]) => own.has(key)),
    ...entries.filter(([key]) => !own.has(key)),
  ];
  const bounded: [string, string][] = [];
  let length = 0;
  for (const [key, value] of ordered) {
    const text = fitText(value, attributeLengthMax) ?? (value === "" ? "" : undefined);
    if (text === undefined || key.length > attributeLengthMax) continue;
    length += key.length + text.length;
    if (bounded.length >= attributesMax || length > attributesLengthMax) break;
    bounded.push([key, text]);
  }
  return Object.fromEntries(bounded);
}

function withoutSlash(name: string): string {
  return name.startsWith("/") ? name.slice(1) : name;
}

function readNumber(value: unknown): number | undefined {
  return typeof value === "string" && /^-?[0-9]{1,10}$/.test(value) ? Number(value) : undefined;
}

function readTime(value: unknown): bigint | undefined {
  const timeNano = memberOf(value, "timeNano");
  if (typeof timeNano !== "number" || !Number.isInteger(timeNano) || timeNano <= 0) {
    return secondsToNs(memberOf(value, "time"));
  }
  return BigInt(timeNano);
}
