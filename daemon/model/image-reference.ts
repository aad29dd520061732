// SPDX-License-Identifier: Apache-2.0

/** A parsed image reference, `[registry/]path[:tag][@digest]`, or an image id. */
export interface ImageReference {
  /** As given, less tag and digest: `byrnedo/alpine-curl`. For an id: the id as given. */
  readonly repository: string;
  /** With registry and `library/` spelled out: `docker.io/byrnedo/alpine-curl`. For an id: `sha256:` and 64 hex. */
  readonly normalizedRepository: string;
  readonly tag?: string;
  /** `algorithm:hex`, such as `sha256:…`. Never set for an id, which is a digest of something else. */
  readonly digest?: string;
  /** True for `sha256:` with 64 hex, and for 64 bare hex. A short id looks like a name, and is taken as one. */
  readonly isId: boolean;
}

/**
 * Parses an image reference as the engine does, by the grammar of distribution/reference (reference.go and
 * normalize.go). Undefined when the text is not one.
 */
export function parseImageReference(text: string): ImageReference | undefined {
  const id = imageIdOf(text);
  if (id !== undefined) return { repository: text, normalizedRepository: id, isId: true };
  const { name, tag, digest } = splitImageReference(text);
  if (tag !== undefined && !isTag(tag)) return undefined;
  if (digest !== undefined && !isDigest(digest)) return undefined;
  const { registry, path } = splitRegistry(name);
  if (!isRegistry(registry) || !isPath(path)) return undefined;
  return {
    repository: name,
    normalizedRepository: `${registry}/${path}`,
    isId: false,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The id in full, `sha256:` and 64 hex, of a text that is an image id; undefined for any other text. */
export function imageIdOf(text: string): string | undefined {
  const hex = text.startsWith("sha256:") ? text.slice("sha256:".length) : text;
  return hex.length === 64 && isAll(hex, isLowerHex) ? `sha256:${hex}` : undefined;
}

/** Cuts `name[:tag][@digest]` at its marks, and checks none of the three. */
export function splitImageReference(text: string): {
  readonly name: string;
  readonly tag?: string;
  readonly digest?: string;
} {
  const at = text.indexOf("@");
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(":");
  // A colon before the last slash belongs to the registry's port.
  const isTagged = colon > named.lastIndexOf("/");
  return {
    name: isTagged ? named.slice(0, colon) : named,
    ...(isTagged ? { tag: named.slice(colon + 1) } : {}),
    ...(at < 0 ? {} : { digest: text.slice(at + 1) }),
  };
}

/** Splits a name into registry and path, with `docker.io` and `library/` where they are implied (splitDockerDomain). */
export function splitRegistry(name: string): { readonly registry: string; readonly path: string } {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  if (!looksLikeRegistry(first)) return { registry: defaultRegistry, path: inLibrary(name) };
  const path = name.slice(slash + 1);
  const isDefault = first === defaultRegistry || first === legacyRegistry;
  return isDefault
    ? { registry: defaultRegistry, path: inLibrary(path) }
    : { registry: first, path };
}

/** `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}` */
export function isTag(text: string): boolean {
  if (text === "" || text.length > tagLengthMax) return false;
  return isWord(text.charAt(0)) && isAll(text, (c) => isWord(c) || c === "." || c === "-");
}

/** `algorithm:hex`, for the algorithms of the OCI image specification, each with its own length of hex. */
export function isDigest(text: string): boolean {
  const colon = text.indexOf(":");
  const hexLength = hexLengths.get(text.slice(0, Math.max(colon, 0)));
  const hex = text.slice(colon + 1);
  return hexLength !== undefined && hex.length === hexLength && isAll(hex, isLowerHex);
}

const defaultRegistry = "docker.io";
const legacyRegistry = "index.docker.io";
const tagLengthMax = 128;
const pathLengthMax = 255;
const hexLengths: ReadonlyMap<string, number> = new Map([
  ["sha256", 64],
  ["sha384", 96],
  ["sha512", 128],
]);

/** A first component is a registry when it could not be a path: a dot, a port, capitals, or `localhost`. */
function looksLikeRegistry(first: string): boolean {
  if (first === "") return false;
  return (
    first === "localhost" ||
    first.includes(".") ||
    first.includes(":") ||
    first !== first.toLowerCase()
  );
}

function inLibrary(path: string): string {
  return path.includes("/") ? path : `library/${path}`;
}

// registry := host [ ":" digits ]
// host := component { "." component } | "[" { hex | ":" } "]"
function isRegistry(text: string): boolean {
  const hostEnd = text.startsWith("[") ? text.indexOf("]") + 1 : endOfHostName(text);
  const host = text.slice(0, hostEnd);
  const port = text.slice(hostEnd);
  if (port !== "" && !(port.length > 1 && port.startsWith(":") && isAll(port.slice(1), isDigit)))
    return false;
  if (host.startsWith("["))
    return host.length > 2 && isAll(host.slice(1, -1), (c) => isHex(c) || c === ":");
  return host.split(".").every(isHostComponent);
}

function endOfHostName(text: string): number {
  const colon = text.indexOf(":");
  return colon < 0 ? text.length : colon;
}

// component := alphanumeric | alphanumeric { alphanumeric | "-" } alphanumeric
function isHostComponent(text: string): boolean {
  if (text === "" || text.startsWith("-") || text.endsWith("-")) return false;
  return isAll(text, (c) => isLower(c) || isUpper(c) || isDigit(c) || c === "-");
}

// path := component { "/" component }
function isPath(path: string): boolean {
  return path.length <= pathLengthMax && path.split("/").every(isPathComponent);
}

// component := word { separator word }, word := { a-z | 0-9 }, separator := "." | "_" | "__" | { "-" }
function isPathComponent(component: string): boolean {
  let separator = "";
  let isAfterWord = false;
  for (const character of component) {
    if (isLower(character) || isDigit(character)) {
      if (separator !== "" && !(isAfterWord && isSeparator(separator))) return false;
      separator = "";
      isAfterWord = true;
    } else separator += character;
  }
  return isAfterWord && separator === "";
}

function isSeparator(text: string): boolean {
  return text === "." || text === "_" || text === "__" || isAll(text, (c) => c === "-");
}

function isAll(text: string, test: (character: string) => boolean): boolean {
  for (const character of text) if (!test(character)) return false;
  return true;
}

function isDigit(c: string): boolean {
  return c >= "0" && c <= "9";
}

function isLower(c: string): boolean {
  return c >= "a" && c <= "z";
}

function isUpper(c: string): boolean {
  return c >= "A" && c <= "Z";
}

function isLowerHex(c: string): boolean {
  return isDigit(c) || (c >= "a" && c <= "f");
}

function isHex(c: string): boolean {
  return isLowerHex(c) || (c >= "A" && c <= "F");
}

function isWord(c: string): boolean {
  return isLower(c) || isUpper(c) || isDigit(c) || c === "_";
}
