// SPDX-License-Identifier: Apache-2.0
import type { Image } from "../model/container.ts";
import { parseImageReference, type ImageReference } from "../model/image-reference.ts";
import { memberOf, toList } from "../util/unknown-value.ts";
import { readLabels, type Labels } from "./container-labels.ts";
import { fitText, readImageId } from "./engine-text.ts";

/** What the engine tells of an image. */
export interface ImageFacts {
  /** `sha256:` and 64 hex. */
  readonly id: string;
  /** `REPOSITORY:TAG`, as far as they parse. */
  readonly tags: readonly ImageReference[];
  /** `REPOSITORY@sha256:…`, as far as they parse. */
  readonly digests: readonly ImageReference[];
  readonly labels: Labels;
  /** The user that containers of it run as unless told otherwise; empty for root. */
  readonly user: string;
}

const referencesMax = 256;
const referenceLengthMax = 1_024;
const userLengthMax = 256;
/** The engine takes any prefix of an id that is unique; shorter ones than these are not taken for one here. */
const shortIdLengthMin = 4;

/** Decodes `GET /images/{id}/json`; undefined when it names no id. */
export function readImageFacts(value: unknown): ImageFacts | undefined {
  const id = readImageId(memberOf(value, "Id"));
  if (id === undefined) return undefined;
  const config = memberOf(value, "Config");
  return {
    id,
    tags: readReferences(memberOf(value, "RepoTags")),
    digests: readReferences(memberOf(value, "RepoDigests")),
    labels: readLabels(memberOf(config, "Labels")) ?? {},
    user: fitText(memberOf(config, "User"), userLengthMax) ?? "",
  };
}

/**
 * Puts together the image of a container from the reference it was started with, and from what the engine knows of
 * the image, as far as that has come. An image given by its id, or by the beginning of one, gets the names that
 * the engine has for it.
 */
export function toImage(
  given: { readonly reference: string | undefined; readonly id: string | undefined },
  facts: ImageFacts | undefined,
): Image {
  const id = facts?.id ?? given.id ?? "";
  const reference = given.reference ?? id;
  const named = nameOf(reference, facts);
  const digests = facts?.digests ?? [];
  return {
    reference,
    ...(named === undefined ? unparsed(reference) : describe(named, digests)),
    digests: [...new Set(digests.flatMap(({ digest }) => digest ?? []))],
    id,
    labels: facts?.labels ?? {},
  };
}

type Naming = Pick<Image, "repository" | "normalizedRepository" | "tag" | "digest">;

function unparsed(reference: string): Naming {
  return { repository: reference, normalizedRepository: reference };
}

function describe(named: ImageReference, digests: readonly ImageReference[]): Naming {
  const { repository, normalizedRepository } = named;
  // The engine implies `latest` where neither a tag nor a digest is given (TagNameOnly of distribution/reference).
  const isBare = named.digest === undefined && !named.isId;
  const tag = named.tag ?? (isBare ? "latest" : undefined);
  const pulled = digests.find((known) => known.normalizedRepository === normalizedRepository);
  const digest = named.digest ?? pulled?.digest;
  return {
    repository,
    normalizedRepository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

function nameOf(reference: string, facts: ImageFacts | undefined): ImageReference | undefined {
  const parsed = parseImageReference(reference);
  if (facts === undefined || !isIdOf(reference, parsed, facts)) return parsed;
  return facts.tags[0] ?? facts.digests[0] ?? parsed;
}

function isIdOf(reference: string, parsed: ImageReference | undefined, facts: ImageFacts): boolean {
  if (parsed?.isId === true) return true;
  const hex = facts.id.slice("sha256:".length);
  const given = reference.startsWith("sha256:") ? reference.slice("sha256:".length) : reference;
  if (given.length < shortIdLengthMin || !hex.startsWith(given)) return false;
  // `cafe` may be a name as well as the beginning of an id; a tag of the image's own decides.
  return !facts.tags.some((tag) => tag.normalizedRepository === parsed?.normalizedRepository);
}

function readReferences(value: unknown): readonly ImageReference[] {
  return toList(value)
    .slice(0, referencesMax)
    .flatMap((item) => {
      const text = typeof item === "string" && item.length <= referenceLengthMax ? item : "";
      return parseImageReference(text) ?? [];
    });
}
