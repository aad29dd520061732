// SPDX-License-Identifier: Apache-2.0

/** How a scalar was written: what its raw text may hide. */
export type ScalarStyle = "plain" | "single-quoted" | "double-quoted" | "block";

/** A decoded scalar, the raw text that it was decoded from, and where that raw text starts. */
export interface RawScalar {
  readonly style: ScalarStyle;
  readonly decoded: string;
  readonly raw: string;
  readonly rawStart: number;
}

/** For each unit of the decoded text, where its raw spelling starts and ends (offsets in the file). */
export interface ScalarMap {
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/**
 * Aligns decoded with raw text. Decoding drops or changes only blanks, line breaks, quotes and escapes, so the other
 * characters appear in both in the same order, and a forward walk finds each one.
 */
export function mapScalar(scalar: RawScalar): ScalarMap {
  const { decoded, raw, rawStart, style } = scalar;
  const starts = new Uint32Array(decoded.length);
  const ends = new Uint32Array(decoded.length);
  let at = style === "single-quoted" || style === "double-quoted" ? 1 : 0;
  for (let i = 0; i < decoded.length;) {
    const unit = decoded[i] ?? "";
    if (!isBlank(unit)) at = skipHidden(scalar, at, unit);
    const taken = style === "double-quoted" ? escapeAt(raw, at) : undefined;
    const rawLength = taken?.rawLength ?? spellingLength(style, unit, raw[at]);
    const decodedLength = taken?.decodedLength ?? 1;
    starts.fill(rawStart + at, i, i + decodedLength);
    ends.fill(rawStart + at + rawLength, i, i + decodedLength);
    at += rawLength;
    i += decodedLength;
  }
  return { starts, ends };
}

function isBlank(unit: string | undefined): boolean {
  return unit === " " || unit === "\t" || unit === "\n" || unit === "\r";
}

/** A blank that was made of nothing (the newline at the end of a block) has no length of its own. */
function spellingLength(style: ScalarStyle, unit: string, raw: string | undefined): number {
  if (style === "single-quoted" && unit === "'") return 2;
  return isBlank(unit) && !isBlank(raw) ? 0 : 1;
}

/** Skips indentation, folded line breaks and escaped line breaks that lie before a visible character. */
function skipHidden(scalar: RawScalar, from: number, unit: string): number {
  const { raw, style } = scalar;
  let at = from;
  while (at < raw.length && raw[at] !== unit) {
    if (style === "double-quoted" && raw[at] === "\\") {
      if (raw[at + 1] !== "\n" && raw[at + 1] !== "\r") break;
      at += 2;
    } else if (isBlank(raw[at])) at += 1;
    else break;
  }
  return at;
}

interface Escape {
  readonly rawLength: number;
  readonly decodedLength: number;
}

/** YAML 1.2.2, 5.7: `\xHH`, `\uHHHH`, `\UHHHHHHHH` and one-character escapes. */
function escapeAt(raw: string, at: number): Escape | undefined {
  if (raw[at] !== "\\") return undefined;
  const digits = { x: 2, u: 4, U: 8 };
  const kind = raw[at + 1];
  if (kind !== "x" && kind !== "u" && kind !== "U") return { rawLength: 2, decodedLength: 1 };
  const rawLength = 2 + digits[kind];
  const code = Number.parseInt(raw.slice(at + 2, at + rawLength), 16);
  return { rawLength, decodedLength: code > 0xffff ? 2 : 1 };
}
