// SPDX-License-Identifier: Apache-2.0
import type { Container } from "../model/container.ts";
import type { Diagnostic } from "../text/diagnostic.ts";
import { readWithSchema, z } from "../text/schema.ts";
import type { Source } from "../text/source.ts";
import { parseImagePattern, type ImagePattern } from "./image-pattern.ts";
import { parseProgramEntry } from "./program-entry.ts";
import { indexEntries, type ProgramList } from "./programs.ts";

/**
 * Containers that may do one named thing, and perhaps what runs in them. Images and labels must both hold where both
 * are given.
 */
export interface Allowlist {
  /** Rules see it as the macro `allowed_NAME`. */
  readonly name: string;
  /** One of them must match; absent for any image. */
  readonly images?: readonly ImagePattern[];
  /** All of them must hold. */
  readonly labels: Readonly<Record<string, string>>;
  /** Whose labels count: those baked into the image, or the container's, which `docker run` may set. */
  readonly labelsFrom: "image" | "container";
  /** What may run in them; absent where the list says nothing of that. */
  readonly programs?: ProgramList;
}

/** What was read; with errors among the diagnostics there are no allowlists. */
export interface AllowlistResult {
  readonly allowlists: readonly Allowlist[];
  readonly diagnostics: readonly Diagnostic[];
}

const imageSchema = z.string().transform((text, context) => {
  const result = parseImagePattern(text);
  if ("pattern" in result) return result.pattern;
  const message = `cannot read the image "${text}": ${result.problem}`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

const programSchema = z.string().transform((text, context) => {
  const result = parseProgramEntry(text);
  if ("entry" in result) return result.entry;
  context.addIssue({
    code: "custom",
    message: `cannot read the program "${text}": ${result.problem}`,
  });
  return z.NEVER;
});

const programsMax = 10_000;

const nameSchema = z.string().refine(isName, {
  error: (issue) =>
    `cannot name an allowlist "${String(issue.input)}": it becomes the macro allowed_NAME, so it is a letter and then letters, digits or _`,
});

const containersSchema = z.strictObject({
  images: z
    .array(imageSchema)
    .optional()
    .describe("References, digests, image ids, or globs on the normalised repository"),
  labels: z
    .record(z.string(), z.string())
    .default({})
    .describe("All must hold, beside the images where both are given"),
  labels_from: z
    .enum(["image", "container"])
    .default("image")
    .describe("image: only labels baked into the image count. container: those of docker run too"),
  programs: z
    .array(programSchema)
    .max(programsMax)
    .optional()
    .describe("What may run in these containers, and nothing else: paths in the image, sha256:…"),
  only_from_image: z
    .boolean()
    .default(false)
    .describe("Nothing may run in these containers that the image does not ship, unchanged"),
});

const listSchema = containersSchema.superRefine((list, context) => {
  const names = list.images !== undefined || Object.keys(list.labels).length > 0;
  const key = list.programs === undefined ? "only_from_image" : "programs";
  if (names || (list.programs === undefined && !list.only_from_image)) return;
  const message = `cannot use "${key}" here: the list names no containers; add images or labels`;
  context.addIssue({ code: "custom", path: [key], message });
});

/** What allowlist.yaml may hold. */
export const allowlistSchema = z.strictObject({
  allowlists: z
    .record(nameSchema, listSchema.prefault({}))
    .default({})
    .describe("Each name becomes the macro allowed_NAME for rules"),
});

/** Reads allowlist.yaml: `allowlists:`, a map from names to `images:`, `labels:` and `programs:`. */
export function readAllowlist(source: Source): AllowlistResult {
  const { value, diagnostics } = readWithSchema(source, allowlistSchema);
  const allowlists = Object.entries(value?.allowlists ?? {}).map(
    ([name, { images, labels, labels_from, ...programs }]): Allowlist => ({
      name,
      labels,
      labelsFrom: labels_from,
      ...(images === undefined ? {} : { images }),
      ...programsOf(programs),
    }),
  );
  return { allowlists, diagnostics };
}

/** Names of the allowlists that a container is on; none where the container is not known. */
export function allowlistsOf(
  container: Container | undefined,
  allowlists: readonly Allowlist[],
): ReadonlySet<string> {
  if (container === undefined) return new Set();
  return new Set(allowlists.filter((list) => isOn(list, container)).map(({ name }) => name));
}

/** What the lists that a container is on say of its programs; empty where none says anything. */
export function programListsOf(
  container: Container | undefined,
  allowlists: readonly Allowlist[],
): readonly ProgramList[] {
  if (container === undefined) return [];
  return allowlists.flatMap((list) =>
    list.programs !== undefined && isOn(list, container) ? [list.programs] : [],
  );
}

/** The macros that rules see, by name, each with its condition: `container.allowlisted[NAME] = true`. */
export function allowlistMacros(allowlists: readonly Allowlist[]): ReadonlyMap<string, string> {
  return new Map(
    allowlists.map(({ name }) => [`allowed_${name}`, `container.allowlisted[${name}] = true`]),
  );
}

function programsOf({
  programs,
  only_from_image: isFromImageOnly,
}: Pick<z.output<typeof containersSchema>, "programs" | "only_from_image">): Pick<
  Allowlist,
  "programs"
> {
  if (programs === undefined && !isFromImageOnly) return {};
  const entries = programs === undefined ? {} : { entries: indexEntries(programs) };
  return { programs: { isFromImageOnly, ...entries } };
}

function isOn(list: Allowlist, { image, labels }: Container): boolean {
  const wanted = Object.entries(list.labels);
  // A list that says nothing allows nobody.
  if (list.images === undefined && wanted.length === 0) return false;
  if (list.images !== undefined && !list.images.some((pattern) => pattern.matches(image)))
    return false;
  const counted = list.labelsFrom === "image" ? image.labels : labels;
  return wanted.every(([key, value]) => Object.hasOwn(counted, key) && counted[key] === value);
}

// name := letter { letter | digit | "_" }
function isName(text: string): boolean {
  if (text === "" || !isLetter(text.charAt(0))) return false;
  return Array.from(text).every((c) => isLetter(c) || (c >= "0" && c <= "9") || c === "_");
}

function isLetter(c: string): boolean {
  return (c >= "a" && c <= "z") || (c >= "A" && c <= "Z");
}
