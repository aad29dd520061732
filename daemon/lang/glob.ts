// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import { readSet } from "./glob-set.ts";

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
  const steps = readPattern(pattern, isCaseFolded);
  // A backslash with nothing behind it matches nothing (glibc).
  if (steps === undefined) return () => false;
  const match = specialize(steps);
  if (match === undefined) return (text) => matchSteps(steps, text, isCaseFolded);
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
function matchSteps(steps: readonly Step[], text: ByteString, isCaseFolded: boolean): boolean {
  let at = 0;
  let step = 0;
  let starStep = -1;
  let starAt = 0;
  while (at < text.length) {
    const current = steps[step];
    if (current?.kind === "star") {
      starStep = step++;
      starAt = at;
    } else if (current !== undefined && accepts(current, text.charCodeAt(at), isCaseFolded)) {
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

function accepts(step: Step, code: number, isCaseFolded: boolean): boolean {
  switch (step.kind) {
    case "byte":
      return step.code === (isCaseFolded ? lowerCode(code) : code);
    case "one":
      return true;
    case "set":
      return step.has(code);
    case "star":
      return false;
  }
}

function readPattern(pattern: ByteString, isCaseFolded: boolean): readonly Step[] | undefined {
  const steps: Step[] = [];
  for (let at = 0; at < pattern.length;) {
    const next = readStep(pattern, at, isCaseFolded);
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
function readStep(pattern: ByteString, at: number, isCaseFolded: boolean): ReadStep | undefined {
  const unit = pattern[at];
  if (unit === "*") return { step: { kind: "star" }, end: at + 1 };
  if (unit === "?") return { step: { kind: "one" }, end: at + 1 };
  const set = unit === "[" ? readSet(pattern, at + 1, isCaseFolded) : undefined;
  if (set !== undefined) return { step: { kind: "set", has: set.has }, end: set.end };
  const place = unit === "\\" ? at + 1 : at;
  if (place === pattern.length) return undefined;
  const code = pattern.charCodeAt(place);
  return { step: { kind: "byte", code: isCaseFolded ? lowerCode(code) : code }, end: place + 1 };
}

function lowerCode(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
}
