// SPDX-License-Identifier: Apache-2.0
import { RE2JS } from "re2js";
import { fromByteString, type ByteString } from "../util/byte-string.ts";

/** A matcher of whole values, or why the pattern is none. */
export type Regex =
  | { readonly ok: true; readonly test: (text: ByteString) => boolean }
  | { readonly ok: false; readonly problem: string };

/**
 * Compiles a pattern in RE2's POSIX syntax (no `\d \w \b`, no `(?…)`). Matching is per code point, anchored at both
 * ends, and linear in the text whatever the pattern.
 */
export function compileRegex(pattern: ByteString): Regex {
  const translated = translate(fromByteString(pattern));
  if (!translated.ok) return translated;
  try {
    const regex = RE2JS.compile(translated.pattern, RE2JS.MULTILINE);
    return { ok: true, test: (text) => regex.testExact(fromByteString(text)) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { ok: false, problem: error.message };
  }
}

type Translation =
  | { readonly ok: true; readonly pattern: string }
  | { readonly ok: false; readonly problem: string };

/** Letters and digits that POSIX syntax lets follow a backslash (re2/parse.cc, UnescapeCCharacter). */
const plainEscapes = "01234567afnrtvx";

/**
 * The package reads Perl syntax. What that adds is refused here, and what it forbids (a repetition of a repetition)
 * is written with a group.
 */
function translate(pattern: string): Translation {
  let out = "";
  const groups: number[] = [];
  let atom = 0;
  let isRepeated = false;
  for (let at = 0; at < pattern.length;) {
    const problem = perlOnly(pattern, at);
    if (problem !== undefined) return { ok: false, problem };
    const end = tokenEnd(pattern, at);
    const token = pattern.slice(at, end);
    at = end;
    if (isRepetition(token)) {
      if (isRepeated) out = `${out.slice(0, atom)}(?:${out.slice(atom)})`;
      out += token;
      isRepeated = true;
      continue;
    }
    isRepeated = false;
    const open = token === ")" ? groups.pop() : undefined;
    atom = open ?? out.length;
    if (token === "(") groups.push(out.length);
    out += token;
  }
  return { ok: true, pattern: out };
}

function isRepetition(token: string): boolean {
  return /^(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})$/.test(token);
}

function perlOnly(pattern: string, at: number): string | undefined {
  if (pattern.startsWith("(?", at)) return "(?…) is not POSIX syntax";
  const end = tokenEnd(pattern, at);
  for (let i = at; i < end; i++) {
    if (pattern[i] !== "\\") continue;
    const unit = pattern[i + 1] ?? "";
    if (/[A-Za-z0-9]/.test(unit) && !plainEscapes.includes(unit)) {
      return `\\${unit} is not POSIX syntax, write a class such as [[:digit:]] or [[:alnum:]_]`;
    }
    i += 1;
  }
  return undefined;
}

/** End of the character, escape, class or counted repetition at a position. */
function tokenEnd(pattern: string, at: number): number {
  const unit = pattern[at];
  if (unit === "\\") return Math.min(at + 2, pattern.length);
  if (unit === "[") return classEnd(pattern, at);
  if (unit !== "{") return at + 1;
  const counted = /\{[0-9]+(?:,[0-9]*)?\}/y;
  counted.lastIndex = at;
  return counted.test(pattern) ? counted.lastIndex : at + 1;
}

function classEnd(pattern: string, start: number): number {
  let at = start + 1;
  if (pattern[at] === "^") at += 1;
  if (pattern[at] === "]") at += 1;
  while (at < pattern.length && pattern[at] !== "]") {
    const close = pattern.startsWith("[:", at) ? pattern.indexOf(":]", at + 2) : -1;
    if (close >= 0) at = close + 2;
    else at += pattern[at] === "\\" ? 2 : 1;
  }
  return Math.min(at + 1, pattern.length);
}
