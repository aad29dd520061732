// SPDX-License-Identifier: Apache-2.0
import { toByteString, type ByteString } from "../util/byte-string.ts";
import type { Range } from "./ast.ts";
import { parseDepthMax } from "./syntax.ts";

/** Why a text is not a condition, and where reading stopped. Thrown inside the parser only. */
export class SyntaxFault extends Error {
  /** What to mark: offsets in the condition text. */
  readonly range: Range;
  readonly code: "syntax" | "too-deep";
  /** Where upstream's parser stands when it gives up, which may be behind what to mark. */
  readonly stop: number;

  constructor(
    message: string,
    range: Range,
    { code = "syntax", stop = range.start }: Partial<Pick<SyntaxFault, "code" | "stop">> = {},
  ) {
    super(message);
    this.range = range;
    this.code = code;
    this.stop = stop;
  }
}

/** Characters of a word that a fault marks. */
const markedMax = 256;

/** A piece of text that was taken, decoded. */
export interface Token {
  readonly value: ByteString;
  readonly range: Range;
}

const escapes: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  " ": "\\",
  "\\": "\\",
  "/": "/",
};

/** Reads a condition by position: every `take…` either moves past what it took, or leaves the position alone. */
export class Scanner {
  readonly text: string;
  position = 0;
  #depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Ends with a fault of the message; marks the word at the position, or the last character at the end. */
  fail(message: string): never {
    const start = this.position;
    const most = Math.min(this.text.length, start + markedMax);
    let end = start;
    while (end < most && isWordUnit(this.text[end])) end += 1;
    throw new SyntaxFault(message, { start, end: Math.max(end, start + 1) });
  }

  /** One level of recursion around `read`. */
  nest<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth >= parseDepthMax) {
      const range = { start: this.position, end: this.position + 1 };
      const message = "cannot read a condition nested this deep";
      throw new SyntaxFault(message, range, { code: "too-deep" });
    }
    const value = read();
    this.#depth -= 1;
    return value;
  }

  isAtEnd(): boolean {
    return this.position >= this.text.length;
  }

  looksAt(text: string): boolean {
    return this.text.startsWith(text, this.position);
  }

  take(text: string): boolean {
    if (!this.looksAt(text)) return false;
    this.position += text.length;
    return true;
  }

  /** blank = space, tab, backspace, CR, LF */
  takeBlanks(): boolean {
    const start = this.position;
    while (" \t\b\r\n".includes(this.text[this.position] ?? "x")) this.position += 1;
    return this.position > start;
  }

  /** "not" space+ */
  takeNot(): boolean {
    if (!this.looksAt("not") || !isSpace(this.text[this.position + 3])) return false;
    this.position += 3;
    while (isSpace(this.text[this.position])) this.position += 1;
    return true;
  }

  /** identifier = letter { letter | digit | "_" } */
  takeIdentifier(): Token | undefined {
    return this.#takeTo(identifierEnd(this.text, this.position));
  }

  /** fieldname = identifier "." identifier { "." identifier } */
  takeFieldName(): Token | undefined {
    const first = identifierEnd(this.text, this.position);
    let end = first;
    while (end > this.position && this.text[end] === ".") {
      const next = identifierEnd(this.text, end + 1);
      if (next === end + 1) break;
      end = next;
    }
    return end > first ? this.#takeTo(end) : undefined;
  }

  /** number = hex | [ sign ] digits [ "." ] [ digits ] [ exponent ] */
  takeNumber(): Token | undefined {
    return this.#takeTo(numberEnd(this.text, this.position));
  }

  /** bare string: everything up to a parenthesis, quote, space, "=" or "," */
  takeBareString(): Token | undefined {
    return this.#takeTo(this.#endOf(isWordUnit));
  }

  /** bare argument: everything up to a bracket, quote or space */
  takeBareArgument(): Token | undefined {
    return this.#takeTo(this.#endOf(isArgumentUnit));
  }

  /** quoted = quote { character | escape } quote */
  takeQuoted(): Token | undefined {
    const start = this.position;
    const quote = this.text[start];
    if (quote !== '"' && quote !== "'") return undefined;
    const end = closingQuote(this.text, start);
    if (end === undefined) return undefined;
    this.position = end + 1;
    const value = this.#unescape(start + 1, end, quote);
    return { value, range: { start, end: end + 1 } };
  }

  #takeTo(end: number): Token | undefined {
    const start = this.position;
    if (end <= start) return undefined;
    this.position = end;
    return { value: toByteString(this.text.slice(start, end)), range: { start, end } };
  }

  #endOf(isInside: (unit: string | undefined) => boolean): number {
    let end = this.position;
    while (end < this.text.length && isInside(this.text[end])) end += 1;
    return end;
  }

  #unescape(start: number, end: number, quote: string): ByteString {
    let value = "";
    let plainStart = start;
    for (let at = this.text.indexOf("\\", start); at >= 0 && at < end;) {
      value += toByteString(this.text.slice(plainStart, at));
      const length = this.text[at + 1] === "x" ? 4 : 2;
      value += this.#escape(at, quote);
      plainStart = at + length;
      at = this.text.indexOf("\\", plainStart);
    }
    return value + toByteString(this.text.slice(plainStart, end));
  }

  #escape(at: number, quote: string): ByteString {
    const unit = this.text[at + 1] ?? "";
    if (unit === quote) return quote;
    const plain = escapes[unit];
    if (plain !== undefined) return plain;
    const hex = this.text.slice(at + 2, at + 4);
    if (unit === "x" && /^[0-9a-fA-F]{2}$/.test(hex))
      return String.fromCharCode(Number(`0x${hex}`));
    const range = { start: at, end: at + 2 };
    const help = `write \\\\ for a backslash`;
    const message = `cannot read the escape "\\${unit}" in a quoted string: ${help}`;
    throw new SyntaxFault(message, range, { stop: this.position });
  }
}

/** POSIX [[:space:]] */
function isSpace(unit: string | undefined): boolean {
  return unit !== undefined && " \t\n\v\f\r".includes(unit);
}

function isWordUnit(unit: string | undefined): boolean {
  return unit !== undefined && !"()\"'=,".includes(unit) && !isSpace(unit);
}

function isArgumentUnit(unit: string | undefined): boolean {
  return unit !== undefined && !"[]\"'".includes(unit) && !isSpace(unit);
}

/**
 * A quote closes unless the raw character before it is a backslash (so `"a\\"` never closes, as upstream), or a NUL
 * comes first.
 */
function closingQuote(text: string, start: number): number | undefined {
  const quote = text[start] ?? "";
  let end = text.indexOf(quote, start + 1);
  while (end >= 0 && text[end - 1] === "\\") end = text.indexOf(quote, end + 1);
  return end < 0 || text.slice(start, end).includes("\0") ? undefined : end;
}

function isLetter(unit: string | undefined): boolean {
  return unit !== undefined && ((unit >= "a" && unit <= "z") || (unit >= "A" && unit <= "Z"));
}

/** ASCII digit */
function isDigit(unit: string | undefined): boolean {
  return unit !== undefined && unit >= "0" && unit <= "9";
}

/** ASCII letter or digit */
export function isAlphanumeric(unit: string | undefined): boolean {
  return isLetter(unit) || isDigit(unit);
}

function identifierEnd(text: string, start: number): number {
  if (!isLetter(text[start])) return start;
  let end = start + 1;
  while (isAlphanumeric(text[end]) || text[end] === "_") end += 1;
  return end;
}

function digitsEnd(text: string, start: number): number {
  let end = start;
  while (isDigit(text[end])) end += 1;
  return end;
}

function numberEnd(text: string, start: number): number {
  const hex = /0[xX][0-9a-fA-F]+/y;
  hex.lastIndex = start;
  if (hex.test(text)) return hex.lastIndex;
  const first = text[start] === "+" || text[start] === "-" ? start + 1 : start;
  let end = digitsEnd(text, first);
  if (end === first) return start;
  if (text[end] === ".") end = digitsEnd(text, end + 1);
  if (text[end] !== "e" && text[end] !== "E") return end;
  if (text[end + 1] !== "+" && text[end + 1] !== "-") return end;
  const exponent = digitsEnd(text, end + 2);
  return exponent > end + 2 ? exponent : end;
}
