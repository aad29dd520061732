// SPDX-License-Identifier: Apache-2.0

/**
 * Text out of the engine's JSON, cut to `lengthMax` characters; undefined for what is no text, or empty. Names,
 * paths and references are chosen by whoever starts a container, so none is taken at its full length.
 */
export function fitText(value: unknown, lengthMax: number): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  return value.length > lengthMax ? value.slice(0, lengthMax) : value;
}

/** A container's id: 64 lower-case hex characters; undefined for anything else. */
export function readContainerId(value: unknown): string | undefined {
  return typeof value === "string" && isHex64(value) ? value : undefined;
}

/** An image's id: `sha256:` and 64 lower-case hex characters; undefined for anything else. */
export function readImageId(value: unknown): string | undefined {
  const prefix = "sha256:";
  if (typeof value !== "string" || !value.startsWith(prefix)) return undefined;
  return isHex64(value.slice(prefix.length)) ? value : undefined;
}

function isHex64(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
