// SPDX-License-Identifier: Apache-2.0
import { assert } from "./assert.ts";
import { isUnsafeCodePoint } from "./printable-text.ts";

/**
 * Writes plain data as one line of JSON (RFC 8259). Members that are undefined are left out, integers beyond
 * 2^53 keep their digits (bigint), and characters that a terminal could act on are written as `\uXXXX`, so that
 * the line can be shown as it is. Throws for functions and symbols: they are no data.
 */
export function jsonText(value: unknown): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "number":
      return Number.isFinite(value) ? String(value) : "null";
    case "bigint":
    case "boolean":
      return String(value);
    case "undefined":
      return "null";
    case "object":
      if (value === null) return "null";
      return Array.isArray(value) ? `[${value.map(jsonText).join(",")}]` : objectText(value);
    case "function":
    case "symbol":
      assert(false, `a ${typeof value} is no data`);
  }
}

function objectText(object: object): string {
  const entries: [string, unknown][] = Object.entries(object);
  let members = "";
  for (const [name, value] of entries) {
    if (value === undefined) continue;
    members += `${members === "" ? "" : ","}${quote(name)}:${jsonText(value)}`;
  }
  return `{${members}}`;
}

function quote(text: string): string {
  if (isPlain(text)) return `"${text}"`;
  // JSON.stringify escapes C0 controls, quotes and lone surrogates; only what lies beyond ASCII is left to see to.
  const quoted = JSON.stringify(text);
  let out = "";
  let start = 0;
  for (let i = 0; i < quoted.length; i++) {
    const code = quoted.charCodeAt(i);
    if (code < 0x7f) continue;
    const isTagPair = code === tagBlockHighSurrogate;
    if (!isTagPair && (isSurrogate(code) || !isUnsafeCodePoint(code))) continue;
    out += quoted.slice(start, i) + escapeUnit(code);
    if (isTagPair) {
      i += 1;
      out += escapeUnit(quoted.charCodeAt(i));
    }
    start = i + 1;
  }
  return start === 0 ? quoted : out + quoted.slice(start);
}

/** Most texts need no escape, and looking is several times cheaper than JSON.stringify. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e || code === quoteCode || code === backslashCode) return false;
  }
  return true;
}

const quoteCode = 0x22;
const backslashCode = 0x5c;

/** First unit of U+E0000 to U+E03FF: invisible tag characters. Other surrogate pairs are shown as they are. */
const tagBlockHighSurrogate = 0xdb40;

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

function escapeUnit(code: number): string {
  return `\\u${code.toString(16).padStart(4, "0")}`;
}
