// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";

/** One step of a pattern: a byte, any byte, any bytes, or a set of bytes. */
type Step =
  | { readonly kind: "byte"; readonly code: number }
  | { readonly kind: "one" }
  | { readonly kind: "star" }
  | { readonly kind: "set"; readonly has: (code: number) => boolean };

/**
 * A matcher by the rules of fnmatch(3) without flags, in the C locale: `*` crosses `/`, the whole text must match.
 * Its time is bounded by the length of the text times that of the pattern (at most 255 bytes).
 */
export function compileGlob(
  pattern: ByteString,
  isCaseFolded = false,
): (text: ByteString) => boolean {
  const steps = readPattern(isCaseFolded ? lower(pattern) : pattern);
  // A backslash with nothing behind it matches nothing (glibc).
  if (steps === undefined) return () => false;
  const match = specialize(steps) ?? ((text: ByteString) => matchSteps(steps, text));
  return isCaseFolded ? (text) => match(lower(text)) : match;
}

/** Lower case of A–Z only, as the C locale has it. */
export function lower(text: ByteString): ByteString {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** `literal`, `literal*`, `*literal` and `*literal*` need no walk. */
function specialize(steps: readonly Step[]): ((text: ByteString) => boolean) | undefined {
  const isStar = (step: Step | undefined): boolean => step?.kind === "star";
  const from = isStar(steps[0]) ? 1 : 0;
  const to = steps.length > from && isStar(steps.at(-1)) ? steps.length - 1 : steps.length;
  let literal = "";
  for (const step of steps.slice(from, to)) {
    if (step.kind !== "byte") return undefined;
    literal += String.fromCharCode(step.code);
  }
  const isOpenStart = from === 1;
  const isOpenEnd = to < steps.length;
  if (isOpenStart && (isOpenEnd || steps.length === 1)) return (text) => text.includes(literal);
  if (isOpenStart) return (text) => text.endsWith(literal);
  if (isOpenEnd) return (text) => text.startsWith(literal);
  return (text) => text === literal;
}

/** Greedy walk that returns to the last star only: earlier stars never need to be tried again. */
function matchSteps(steps: readonly Step[], text: ByteString): boolean {
  let at = 0;
  let step = 0;
  let starStep = -1;
  let starAt = 0;
  while (at < text.length) {
    const current = steps[step];
    if (current?.kind === "star") {
      starStep = step++;
      starAt = at;
    } else if (current !== undefined && accepts(current, text.charCodeAt(at))) {
      step += 1;
      at += 1;
    } else if (starStep >= 0) {
      step = starStep + 1;
      at = ++starAt;
    } else return false;
  }
  while (steps[step]?.kind === "star") step += 1;
  return step === steps.length;
}

function accepts(step: Step, code: number): boolean {
  switch (step.kind) {
    case "byte":
      return step.code === code;
    case "one":
      return true;
    case "set":
      return step.has(code);
    case "star":
      return false;
  }
}

function readPattern(pattern: ByteString): readonly Step[] | undefined {
  const steps: Step[] = [];
  for (let at = 0; at < pattern.length;) {
    const next = readStep(pattern, at);
    if (next === undefined) return undefined;
    const isRepeatedStar = next.step.kind === "star" && steps.at(-1)?.kind === "star";
    if (!isRepeatedStar) steps.push(next.step);
    at = next.end;
  }
  return steps;
}

interface ReadStep {
  readonly step: Step;
  readonly end: number;
}

// step = "*" | "?" | "\\" byte | set | byte
function readStep(pattern: ByteString, at: number): ReadStep | undefined {
  const unit = pattern[at];
  if (unit === "*") return { step: { kind: "star" }, end: at + 1 };
  if (unit === "?") return { step: { kind: "one" }, end: at + 1 };
  if (unit === "\\") return at + 1 === pattern.length ? undefined : readByte(pattern, at + 1);
  // A bracket that is never closed stands for itself.
  return (unit === "[" ? readSet(pattern, at) : undefined) ?? readByte(pattern, at);
}

function readByte(pattern: ByteString, at: number): ReadStep {
  return { step: { kind: "byte", code: pattern.charCodeAt(at) }, end: at + 1 };
}

// set = "[" [ "!" | "^" ] member { member } "]"
function readSet(pattern: ByteString, start: number): ReadStep | undefined {
  let at = start + 1;
  const isNegated = pattern[at] === "!" || pattern[at] === "^";
  if (isNegated) at += 1;
  const members = new Uint8Array(256);
  for (let isFirst = true; isFirst || pattern[at] !== "]"; isFirst = false) {
    if (at >= pattern.length) return undefined;
    const next = readClass(pattern, at, members) ?? readRange(pattern, at, members);
    if (next === undefined) return undefined;
    at = next;
  }
  const has = (code: number): boolean => (members[code] === 1) !== isNegated;
  return { step: { kind: "set", has }, end: at + 1 };
}

const classes: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  // eslint-disable-next-line no-control-regex -- control characters are what this class is
  cntrl: /[\x00-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[\x21-\x7e]/,
  lower: /[a-z]/,
  print: /[\x20-\x7e]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\v\f\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

// member = "[:" name ":]"
function readClass(pattern: ByteString, at: number, members: Uint8Array): number | undefined {
  if (!pattern.startsWith("[:", at)) return undefined;
  const end = pattern.indexOf(":]", at + 2);
  const isMember = classes[pattern.slice(at + 2, end)];
  if (end < 0 || isMember === undefined) return undefined;
  for (let code = 0; code < 256; code++) {
    if (isMember.test(String.fromCharCode(code))) members[code] = 1;
  }
  return end + 2;
}

// member = byte [ "-" byte ]
function readRange(pattern: ByteString, at: number, members: Uint8Array): number | undefined {
  const low = readMember(pattern, at);
  if (low === undefined) return undefined;
  const isRange = pattern[low.end] === "-" && pattern[low.end + 1] !== "]";
  const high = isRange ? readMember(pattern, low.end + 1) : low;
  if (high === undefined) return undefined;
  for (let code = low.code; code <= high.code; code++) members[code] = 1;
  return high.end;
}

function readMember(pattern: ByteString, at: number): { code: number; end: number } | undefined {
  const from = pattern[at] === "\\" ? at + 1 : at;
  if (from >= pattern.length) return undefined;
  return { code: pattern.charCodeAt(from), end: from + 1 };
}
