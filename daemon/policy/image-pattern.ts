// SPDX-License-Identifier: Apache-2.0
import type { Image } from "../model/container.ts";
import {
  imageIdOf,
  isDigest,
  isTag,
  parseImageReference,
  splitImageReference,
  splitRegistry,
} from "../model/image-reference.ts";
import { compileGlob, isGlob } from "../util/glob.ts";

/** Which images are meant. Built once, asked for every container. */
export interface ImagePattern {
  /** As written. */
  readonly text: string;
  matches(image: Image): boolean;
}

/** A pattern, or what keeps the text from being one: words that follow "cannot read …: ". */
export type ImagePatternResult = { readonly pattern: ImagePattern } | { readonly problem: string };

/**
 * Parses a reference (`alpine`, any tag), one with a tag or a digest, an image id, or a glob on the normalised
 * repository (`registry.example.com/build/*`, also with a tag). Names are normalised as the engine does it, so `alpine`
 * is `docker.io/library/alpine` and nothing else.
 */
export function parseImagePattern(text: string): ImagePatternResult {
  const id = imageIdOf(text);
  if (id !== undefined) return { pattern: { text, matches: (image) => image.id === id } };
  if (isGlob(text)) return parseGlobPattern(text);
  const reference = parseImageReference(text);
  if (reference === undefined) return { problem: whyNoReference(text) };
  const { digest, tag, normalizedRepository } = reference;
  // A digest names content: whatever an image is called, these are the very bytes.
  if (digest !== undefined)
    return { pattern: { text, matches: (image) => hasDigest(image, digest) } };
  const matches = (image: Image): boolean =>
    image.normalizedRepository === normalizedRepository && hasTag(image, tag);
  return { pattern: { text, matches } };
}

function parseGlobPattern(text: string): ImagePatternResult {
  const { name, tag, digest } = splitImageReference(text);
  if (digest !== undefined) return { problem: "a digest names one image: leave out the *" };
  if (tag !== undefined && !isTag(tag))
    return { problem: `the tag "${tag}" is none: a tag is up to 128 letters, digits, _ . or -` };
  const { registry, path } = splitRegistry(name);
  // A star inside a registry's name could be filled by somebody else's domain.
  const domain = registry.startsWith("*.") ? `any${registry.slice(1)}` : registry;
  if (isGlob(domain))
    return { problem: "a registry may have one * at its start, as in *.example.com/team/*" };
  const filled = `${domain}/${path.replaceAll("*", "x")}`;
  if (parseImageReference(filled) === undefined) return { problem: whyNoReference(text) };
  const isMeant = compileGlob(`${registry}/${path}`);
  const matches = (image: Image): boolean =>
    isMeant(image.normalizedRepository) && hasTag(image, tag);
  return { pattern: { text, matches } };
}

function whyNoReference(text: string): string {
  const { name, digest } = splitImageReference(text);
  const { path } = splitRegistry(name);
  if (digest !== undefined && !isDigest(digest))
    return "a digest is sha256: and 64 digits of 0-9 and a-f";
  if (path !== path.toLowerCase()) return "the path of an image is in lower case";
  return "expected an image such as alpine, docker.io/library/alpine:3.20 or registry.example.com/build/*";
}

function hasDigest(image: Image, digest: string): boolean {
  return image.digest === digest || image.digests.includes(digest);
}

function hasTag(image: Image, tag: string | undefined): boolean {
  return tag === undefined || tagOf(image) === tag;
}

/** The engine takes `latest` where a reference has neither tag nor digest. */
function tagOf(image: Image): string | undefined {
  if (image.tag !== undefined) return image.tag;
  const reference = parseImageReference(image.reference);
  const isBare = reference?.digest === undefined && reference?.isId === false;
  return isBare ? "latest" : undefined;
}
