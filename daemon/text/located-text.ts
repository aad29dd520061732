// SPDX-License-Identifier: Apache-2.0
import type { Note } from "./diagnostic.ts";
import { lastAtMost, type Source, type Span } from "./source.ts";

/** A text that was made out of a source (unquoted, unfolded, joined), and the way back to where it was written. */
export interface LocatedText {
  readonly value: string;
  /** The source that (the first part of) the text came from. */
  readonly source: Source;
  /** The place in a source of `value.slice(start, end)`. */
  spanOf(start: number, end: number): Span;
  /** Through which names the text at this place came here, the innermost first. */
  usesAt?(at: number): readonly Note[];
}

/** Where a diagnostic about a part of a text belongs. */
export function placeIn(
  text: LocatedText,
  { start, end }: { readonly start: number; readonly end: number },
): { readonly span: Span; readonly notes: readonly Note[] } {
  return { span: text.spanOf(start, end), notes: text.usesAt?.(start) ?? [] };
}

/** A text that stands where `name`, part of another text, was written. */
export function usedThrough(text: LocatedText, name: TextPart, message: string): LocatedText {
  return {
    ...text,
    usesAt(at) {
      const { span, notes } = placeIn(name.of, name);
      return [...(text.usesAt?.(at) ?? []), { message, span }, ...notes];
    },
  };
}

/** A part of a text. */
export interface TextPart {
  readonly of: LocatedText;
  readonly start: number;
  readonly end: number;
}

/** A text that nobody wrote, located where a part of another one stands. */
export function standIn(value: string, { of, start, end }: TextPart): LocatedText {
  return {
    value,
    source: of.source,
    spanOf: () => of.spanOf(start, end),
    usesAt: () => of.usesAt?.(start) ?? [],
  };
}

/** A text that stands in the source as it is. */
export function wholeSource(source: Source): LocatedText {
  return {
    value: source.text,
    source,
    spanOf: (start, end) => ({ source, start, end }),
  };
}

/** The same place for every part of a text: for text that nobody wrote at a place of its own. */
export function textAt(value: string, span: Span): LocatedText {
  return { value, source: span.source, spanOf: () => span };
}

/**
 * The parts of a joined text, none of them joined itself, so that a place is found without recursion however often
 * texts were joined. The arrays are shared with texts that go on longer; `count` says how much is this text's own.
 */
interface Joint {
  readonly parts: LocatedText[];
  /** Where each part starts. */
  readonly starts: number[];
  readonly count: number;
}

const joints = new WeakMap<LocatedText, Joint>();

/** Joins texts; a span lies in the part that its first character came from. */
export function joinTexts(texts: readonly [LocatedText, ...LocatedText[]]): LocatedText {
  const [first, ...others] = texts;
  if (others.length === 0) return first;
  const { parts, starts } = openJoint(first);
  let value = first.value;
  for (const text of others) {
    addParts({ parts, starts }, text, { from: 0, to: text.value.length, at: value.length });
    value += text.value;
  }
  return joinedText(value, { parts, starts, count: parts.length }, first);
}

function joinedText(value: string, joint: Joint, first: LocatedText): LocatedText {
  const joined: LocatedText = {
    value,
    source: first.source,
    spanOf(start, end) {
      const { part, base } = partAt(joint, start, first);
      const stop = Math.min(end - base, part.value.length);
      return part.spanOf(Math.min(start - base, part.value.length), stop);
    },
    usesAt(at) {
      const { part, base } = partAt(joint, at, first);
      return part.usesAt?.(at - base) ?? [];
    },
  };
  joints.set(joined, joint);
  return joined;
}

/** The parts to add to: those of the first text itself while nothing else has been added to them. */
function openJoint(first: LocatedText): Omit<Joint, "count"> {
  const known = joints.get(first);
  if (known === undefined) return { parts: [first], starts: [0] };
  if (known.parts.length === known.count) return known;
  return { parts: known.parts.slice(0, known.count), starts: known.starts.slice(0, known.count) };
}

/** Adds `from..to` of a text, part by part, to a text that is `at` long by now. */
function addParts(
  { parts, starts }: Omit<Joint, "count">,
  text: LocatedText,
  { from, to, at }: { readonly from: number; readonly to: number; readonly at: number },
): void {
  const joint = joints.get(text);
  if (joint === undefined) {
    parts.push(slicePart(text, from, to));
    starts.push(at);
    return;
  }
  for (let i = partAt(joint, from, text).index; i < joint.count; i++) {
    const base = joint.starts[i] ?? to;
    if (base >= to) break;
    const part = joint.parts[i] ?? text;
    const start = Math.max(0, from - base);
    if (start >= part.value.length) continue;
    parts.push(slicePart(part, start, Math.min(part.value.length, to - base)));
    starts.push(at + base + start - from);
  }
}

/** The last part that starts at or before a place. */
function partAt(
  { parts, starts, count }: Joint,
  at: number,
  first: LocatedText,
): { readonly index: number; readonly part: LocatedText; readonly base: number } {
  const index = lastAtMost(starts, at, count);
  return { index, part: parts[index] ?? first, base: starts[index] ?? 0 };
}

/** Part of a located text. */
export function sliceText(text: LocatedText, start: number, end: number): LocatedText {
  return joints.has(text)
    ? editText(text, [
        { start: 0, end: start, replacement: "" },
        { start: end, end: text.value.length, replacement: "" },
      ])
    : slicePart(text, start, end);
}

/** What a slice is a slice of. */
const slices = new WeakMap<LocatedText, { readonly of: LocatedText; readonly start: number }>();

function slicePart(part: LocatedText, start: number, end: number): LocatedText {
  if (start === 0 && end >= part.value.length) return part;
  const outer = slices.get(part);
  const of = outer?.of ?? part;
  const base = (outer?.start ?? 0) + start;
  const slice: LocatedText = {
    value: part.value.slice(start, end),
    source: part.source,
    spanOf: (from, to) => of.spanOf(base + from, base + to),
    usesAt: (at) => of.usesAt?.(base + at) ?? [],
  };
  slices.set(slice, { of, start: base });
  return slice;
}

/** A text without the ASCII blanks at its ends. */
export function trimText(text: LocatedText): LocatedText {
  const [before = ""] = /^[ \t\n\v\f\r]*/.exec(text.value) ?? [];
  let end = text.value.length;
  while (end > before.length && " \t\n\v\f\r".includes(text.value.charAt(end - 1))) end -= 1;
  return sliceText(text, before.length, end);
}

/** One change to a text: the new piece stands for `start..end` of the old one. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  /** A plain text is located where the old piece was. */
  readonly replacement: string | LocatedText;
}

/** Applies edits (in order, without overlap). */
export function editText(text: LocatedText, edits: readonly TextEdit[]): LocatedText {
  if (edits.length === 0) return text;
  const parts: TextPart[] = [];
  let at = 0;
  for (const { start, end, replacement } of edits) {
    parts.push({ of: text, start: at, end: start });
    const isPlain = typeof replacement === "string";
    const piece = isPlain ? standIn(replacement, { of: text, start, end }) : replacement;
    parts.push({ of: piece, start: 0, end: piece.value.length });
    at = end;
  }
  parts.push({ of: text, start: at, end: text.value.length });
  return joinParts(parts, text);
}

/** Joins parts of texts; where nothing is left, the result stands at the end of `text`. */
export function joinParts(parts: readonly TextPart[], text: LocatedText): LocatedText {
  const made = { parts: [] as LocatedText[], starts: [] as number[] };
  const pieces: string[] = [];
  let length = 0;
  for (const { of, start, end } of parts) {
    if (end <= start) continue;
    addParts(made, of, { from: start, to: end, at: length });
    pieces.push(of.value.slice(start, end));
    length += end - start;
  }
  const [first] = made.parts;
  const stop = text.value.length;
  if (first === undefined) return standIn("", { of: text, start: stop, end: stop });
  return joinedText(pieces.join(""), { ...made, count: made.parts.length }, first);
}
