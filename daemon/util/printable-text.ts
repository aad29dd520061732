// SPDX-License-Identifier: Apache-2.0

const named: ReadonlyMap<number, string> = new Map([
  [0x09, "\\t"],
  [0x0a, "\\n"],
  [0x0d, "\\r"],
]);

/**
 * Makes text from an untrusted source safe to show on a terminal and in a line of a log: control characters
 * (ANSI escapes among them), bidirectional and invisible formatting characters, line separators and lone
 * surrogates become `\n`, `\x1b`, `\u{202e}`. Everything else stays as it is.
 */
export function printableText(text: string): string {
  if (isPlainAscii(text)) return text;
  let out = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    out += isUnsafeCodePoint(code) ? escapeCodePoint(code) : character;
  }
  return out;
}

/**
 * As `printableText`, at most `lengthMax` characters of the source; what was cut is said: `abc… (+12 more)`.
 */
export function printableHead(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return printableText(text);
  // A surrogate pair stays whole.
  const last = text.charCodeAt(lengthMax - 1);
  const end = last >= 0xd800 && last <= 0xdbff ? lengthMax - 1 : lengthMax;
  return `${printableText(text.slice(0, end))}… (+${text.length - end} more)`;
}

/** True for code points that can hide, reorder or forge text on a terminal. */
export function isUnsafeCodePoint(code: number): boolean {
  return unsafeRanges.some(([first, last]) => code >= first && code <= last);
}

/** Unicode 16 categories Cc, Cs, Zl, Zp and what of Cf is invisible or changes the direction. */
const unsafeRanges: readonly (readonly [first: number, last: number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x61c, 0x61c],
  [0x180e, 0x180e],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xd800, 0xdfff],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
  [0xe0000, 0xe007f],
];

function escapeCodePoint(code: number): string {
  const name = named.get(code);
  if (name !== undefined) return name;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  return `\\u{${code.toString(16)}}`;
}

function isPlainAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}
