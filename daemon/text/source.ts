// text: sources, positions, diagnostics, YAML with positions. Comes in: file texts. Goes out: node trees, located
// texts, diagnostics and their rendering. Must not know: rules, policies, containers, or where a text came from.
// SPDX-License-Identifier: Apache-2.0

/** One text that a user wrote, and the name to show for it (a path, or `<scope>`). */
export interface Source {
  readonly name: string;
  readonly text: string;
}

/** A piece of a source: `start` inclusive, `end` exclusive, both in UTF-16 units of `source.text`. */
export interface Span {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

/** Line and column as people count them: both from 1, columns in UTF-16 units as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where the lines of one source begin; built once per rendering. */
export interface LineTable {
  positionOf(offset: number): Position;
  /** Text of a line (from 1) without its line break. */
  lineText(line: number): string;
}

/** Indexes the lines of a source; a position is then found by binary search. */
export function createLineTable(source: Source): LineTable {
  const { text } = source;
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return {
    positionOf(offset) {
      const index = lastAtMost(starts, offset);
      return { line: index + 1, column: offset - (starts[index] ?? 0) + 1 };
    },
    lineText(line) {
      const start = starts[line - 1] ?? text.length;
      const next = starts[line];
      const end = next === undefined ? text.length : next - 1;
      return text.slice(start, text[end - 1] === "\r" && end > start ? end - 1 : end);
    },
  };
}

/** Index of the last of the first `count` sorted numbers that is not above the value; 0 when all are. */
export function lastAtMost(
  sorted: readonly number[],
  value: number,
  count: number = sorted.length,
): number {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((sorted[middle] ?? Infinity) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
