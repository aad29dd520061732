// SPDX-License-Identifier: Apache-2.0

/**
 * Reads JSON as JSON.parse does, but loses no digits: integers beyond 2^53 become bigints. Lone surrogates in texts
 * become U+FFFD. Throws where the text is no JSON.
 */
export function parseCaseJson(line: string): unknown {
  const text = line.startsWith("\ufeff") ? line.slice(1) : line;
  if (!needsCare.test(text)) return JSON.parse(text);
  return JSON.parse(text.replace(tokens, mark), (_key, value: unknown) => unmark(value));
}

/** A long number, a surrogate written as an escape, or the mark below. */
const needsCare = /[0-9]{16}|\\u[dD][89a-fA-F]|\\u0000/;

/** A whole text, or an integer of sixteen digits and more. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|(?<![0-9.eE+-])-?[1-9][0-9]{15,}(?![0-9.eE])/g;

/** Integers become texts behind a NUL; texts that begin with one get a second. */
function mark(token: string): string {
  if (!token.startsWith('"')) return `"\\u0000${token}"`;
  return token.startsWith('"\\u0000') ? `"\\u0000${token.slice(1)}` : token;
}

function unmark(value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (!value.startsWith("\0")) return wellFormed(value);
  return value.startsWith("\0\0") ? wellFormed(value.slice(1)) : exact(value.slice(1));
}

function exact(digits: string): number | bigint {
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : BigInt(digits);
}

/** Half a surrogate pair is no character. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}
