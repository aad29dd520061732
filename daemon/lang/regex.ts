// SPDX-License-Identifier: Apache-2.0
import { RE2JS } from "re2js";
import { fromByteString, toByteString, type ByteString } from "../util/byte-string.ts";

/** A matcher of whole values, or why the pattern is none. */
export type Regex =
  | { readonly ok: true; readonly test: (text: ByteString) => boolean }
  | { readonly ok: false; readonly problem: string };

/**
 * Compiles a pattern in RE2's POSIX syntax (no `\d \w \b`, no `(?…)`). Matching is per code point, anchored at both
 * ends, and linear in the text whatever the pattern.
 */
export function compileRegex(pattern: ByteString): Regex {
  const text = fromByteString(pattern);
  if (toByteString(text) !== pattern) return { ok: false, problem: "it is not UTF-8" };
  const translated = translate(text);
  if (!translated.ok) return translated;
  try {
    const regex = RE2JS.compile(translated.pattern, RE2JS.MULTILINE);
    return { ok: true, test: (text) => regex.testExact(fromByteString(text)) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { ok: false, problem: plainProblem(error.message) };
  }
}

/** What the package says, without what it says always and the flag that is ours. */
function plainProblem(message: string): string {
  return message.replace(/^error parsing regexp: /, "").replace("`(?m)", "`");
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
    const end = tokenEnd(pattern, at);
    const problem = perlOnly(pattern, at, end);
    if (problem !== undefined) return { ok: false, problem };
    const token = plainToken(pattern.slice(at, end));
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

/**
 * A token as the package reads it in the same way: numbers that RE2 does not take for a count are text, and so is a
 * `[:` that nothing closes.
 */
function plainToken(token: string): string {
  if (token.startsWith("{") && /[{,](?:0[0-9]|[0-9]{10})/.test(token)) return `\\${token}`;
  return token.startsWith("[") ? `[${token.slice(1).replace(/\[:(?!.*?:\])/gs, "\\[:")}` : token;
}

function perlOnly(pattern: string, at: number, end: number): string | undefined {
  if (pattern.startsWith("(?", at)) return "(?…) is not POSIX syntax";
  if (pattern[at] === "[" && hasStrayHyphen(pattern.slice(at, end))) {
    return 'a "-" inside of a class is not POSIX syntax, put it first or last';
  }
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

/** True where a `-` is neither first, nor last, nor between two characters. */
function hasStrayHyphen(set: string): boolean {
  const inner = set.replace(/^\[\^?\]?-?/, "");
  classItem.lastIndex = 0;
  for (let item = classItem.exec(inner); item !== null; item = classItem.exec(inner)) {
    if (item[0] === "-" && inner[classItem.lastIndex] !== "]") return true;
  }
  return false;
}

/** A named class, or a character or range of characters, in a class. */
const classItem =
  /\[:[^:]*:\]|(?:\\(?:x[0-9a-fA-F]{2}|x\{[0-9a-fA-F]+\}|[0-7]{1,3}|.)|[^\\])(?:-(?:\\(?:x[0-9a-fA-F]{2}|x\{[0-9a-fA-F]+\}|[0-7]{1,3}|.)|[^\]]))?/gsu;

/** End of the character, escape, class or counted repetition at a position. */
function tokenEnd(pattern: string, at: number): number {
  if (pattern[at] === "[") return classEnd(pattern, at);
  tokenPattern.lastIndex = at;
  return tokenPattern.test(pattern) ? tokenPattern.lastIndex : at + 1;
}

/** An escape by number, another escape, a counted repetition, or one character. */
const tokenPattern =
  /\\(?:x[0-9a-fA-F]{2}|x\{[0-9a-fA-F]+\}|[0-7]{1,3}|.)|\{[0-9]+(?:,[0-9]*)?\}|./suy;

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
