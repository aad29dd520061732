// SPDX-License-Identifier: Apache-2.0
import type { Container } from "../model/container.ts";
import { compileGlob } from "../util/glob.ts";
import { parseImagePattern } from "./image-pattern.ts";

/** Containers that a policy does nothing to, whatever happens in them. */
export interface NeverEntry {
  /** As written. */
  readonly text: string;
  holdsFor(container: Container): boolean;
}

/** An entry, or what keeps the text from being one: words that follow "cannot read …: ". */
export type NeverResult = { readonly entry: NeverEntry } | { readonly problem: string };

const forms =
  "expected name:GLOB, label:KEY, label:KEY=VALUE, image:PATTERN, compose:PROJECT, compose:PROJECT/SERVICE or id:HEX";

/**
 * Parses `name:GLOB`, `label:KEY` (with any value), `label:KEY=VALUE`, `image:PATTERN` (as in the allowlist),
 * `compose:PROJECT` or `compose:PROJECT/SERVICE` (globs), or `id:HEX`.
 */
export function parseNeverEntry(text: string): NeverResult {
  const colon = text.indexOf(":");
  const rest = text.slice(colon + 1);
  switch (text.slice(0, Math.max(colon, 0))) {
    case "name":
      return rest === "" ? { problem: "the name is missing" } : named(text, rest);
    case "label":
      return labelled(text, rest);
    case "image":
      return imaged(text, rest);
    case "compose":
      return composed(text, rest);
    case "id":
      return identified(text, rest);
    default:
      return { problem: forms };
  }
}

/** The first entry that holds for the container; undefined when the policy may act on it. */
export function sparedBy(
  entries: readonly NeverEntry[],
  container: Container | undefined,
): NeverEntry | undefined {
  return container === undefined ? undefined : entries.find((entry) => entry.holdsFor(container));
}

function named(text: string, glob: string): NeverResult {
  const matches = compileGlob(glob);
  return { entry: { text, holdsFor: ({ name }) => matches(name) } };
}

function labelled(text: string, pair: string): NeverResult {
  const equals = pair.indexOf("=");
  const key = equals < 0 ? pair : pair.slice(0, equals);
  if (key === "") return { problem: "expected label:KEY or label:KEY=VALUE" };
  if (equals < 0) return { entry: { text, holdsFor: ({ labels }) => Object.hasOwn(labels, key) } };
  const value = pair.slice(equals + 1);
  return { entry: { text, holdsFor: ({ labels }) => labels[key] === value } };
}

function composed(text: string, names: string): NeverResult {
  const [project = "", service = "*", ...more] = names.split("/");
  if (project === "" || service === "" || more.length > 0)
    return { problem: "expected compose:PROJECT or compose:PROJECT/SERVICE" };
  const isProject = compileGlob(project);
  const isService = compileGlob(service);
  return {
    entry: {
      text,
      holdsFor: ({ compose }) =>
        compose !== undefined && isProject(compose.project) && isService(compose.service),
    },
  };
}

function imaged(text: string, image: string): NeverResult {
  const result = parseImagePattern(image);
  if ("problem" in result) return result;
  return { entry: { text, holdsFor: (container) => result.pattern.matches(container.image) } };
}

const idLengthMin = 12;
const idLengthMax = 64;

function identified(text: string, id: string): NeverResult {
  const isHex = Array.from(id).every((c) => (c >= "0" && c <= "9") || (c >= "a" && c <= "f"));
  if (!isHex || id.length < idLengthMin || id.length > idLengthMax)
    return { problem: "a container id is 12 to 64 digits of 0-9 and a-f" };
  return { entry: { text, holdsFor: (container) => container.id.startsWith(id) } };
}
