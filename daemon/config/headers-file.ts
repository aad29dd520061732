// SPDX-License-Identifier: Apache-2.0
import { errorAt, type Diagnostic } from "../text/diagnostic.ts";
import type { Source } from "../text/source.ts";

/** Headers that every post has already, or that say how it is sent. */
export const ownHeaders: readonly string[] = [
  "connection",
  "content-length",
  "content-type",
  "expect",
  "host",
  "idempotency-key",
  "transfer-encoding",
  "upgrade",
];

/** True for a token (RFC 9110, 5.6.2) that is not the name of one of our own headers. */
export function isHeaderName(name: string): boolean {
  return (
    /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(name) && !ownHeaders.includes(name.toLowerCase())
  );
}

/** True for what may stand in a header (RFC 9110, 5.5): no line break, nothing beyond Latin-1. */
export function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value) && value.length <= 8192;
}

/**
 * Reads a file of headers: one `Name: value` a line; empty lines and lines that start with # are left out. Faults are
 * told by line number, without the line: it may hold a secret.
 */
export function readHeadersFile({ name: file, text }: Source): {
  readonly headers: Readonly<Record<string, string>>;
  readonly diagnostics: readonly Diagnostic[];
} {
  const headers = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  for (const [i, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const colon = line.indexOf(":");
    const [name, value] = [line.slice(0, Math.max(0, colon)).trim(), line.slice(colon + 1).trim()];
    if (isHeaderName(name) && isHeaderValue(value)) {
      headers.set(name, value);
      continue;
    }
    const message =
      `cannot read line ${i + 1} of "${file}": expected a header such as "Authorization: Bearer …", ` +
      `but none of ${ownHeaders.join(", ")}`;
    diagnostics.push(errorAt({ code: "headers-file", message }));
  }
  return { headers: Object.fromEntries(headers), diagnostics };
}
