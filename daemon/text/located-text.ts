// SPDX-License-Identifier: Apache-2.0
import { lastAtMost, type Source, type Span } from "./source.ts";

/** A text that was made out of a source (unquoted, unfolded, joined), and the way back to where it was written. */
export interface LocatedText {
  readonly value: string;
  /** The source that (the first part of) the text came from. */
  readonly source: Source;
  /** The place in a source of `value.slice(start, end)`. */
  spanOf(start: number, end: number): Span;
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

/** Joins texts; a span lies in the part that its first character came from. */
export function joinTexts(parts: readonly [LocatedText, ...LocatedText[]]): LocatedText {
  if (parts.length === 1) return parts[0];
  const starts: number[] = [];
  let value = "";
  for (const part of parts) {
    starts.push(value.length);
    value += part.value;
  }
  return {
    value,
    source: parts[0].source,
    spanOf(start, end) {
      const index = lastAtMost(starts, start);
      const part = parts[index] ?? parts[0];
      const base = starts[index] ?? 0;
      const stop = Math.min(end - base, part.value.length);
      return part.spanOf(Math.min(start - base, part.value.length), stop);
    },
  };
}

/** Part of a located text. */
export function sliceText(text: LocatedText, start: number, end: number): LocatedText {
  return {
    value: text.value.slice(start, end),
    source: text.source,
    spanOf: (from, to) => text.spanOf(start + from, start + to),
  };
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
  readonly replacement: string;
}

/** Applies edits (in order, without overlap); replaced pieces are located where the old piece was. */
export function editText(text: LocatedText, edits: readonly TextEdit[]): LocatedText {
  if (edits.length === 0) return text;
  const parts: LocatedText[] = [];
  let at = 0;
  for (const { start, end, replacement } of edits) {
    if (start > at) parts.push(sliceText(text, at, start));
    parts.push(textAt(replacement, text.spanOf(start, end)));
    at = end;
  }
  parts.push(sliceText(text, at, text.value.length));
  const [first = text, ...rest] = parts;
  return joinTexts([first, ...rest]);
}
