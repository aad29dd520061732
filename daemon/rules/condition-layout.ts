// SPDX-License-Identifier: Apache-2.0

/** A piece between blanks, and how many parentheses are open before it. */
interface Word {
  readonly text: string;
  readonly depth: number;
}

/** Quoted text (a quote behind a backslash does not close it), blanks, anything else. */
const piecePattern = /"[^]*?(?<!\\)"|'[^]*?(?<!\\)'|[ \t\r\n]+|[^"' \t\r\n]+/g;

/**
 * A condition, or a part of one, on lines of at most `width` where that can be: every `and` and `or` outside
 * parentheses starts one. Only blanks are changed, and none in quotes. Undefined where it cannot be laid out so.
 */
export function layoutCondition(text: string, width: number): readonly string[] | undefined {
  const words = splitWords(text);
  if (words === undefined || words.length === 0) return undefined;
  const lines: string[] = [];
  let line = "";
  for (const { text: word, depth } of words) {
    const isConnective = word === "and" || word === "or";
    const startsLine = line === "" || (isConnective && depth === 0);
    if (!startsLine && line.length + 1 + word.length <= width) {
      line += ` ${word}`;
      continue;
    }
    if (line !== "") lines.push(line);
    line = word;
  }
  const all = [...lines, line];
  const whole = all.join(" ");
  return whole.length <= width / 2 ? [whole] : all;
}

/** Splits at blanks outside quotes; blanks inside parentheses, at their ends, and before commas are dropped. */
function splitWords(text: string): readonly Word[] | undefined {
  const pieces = text.match(piecePattern) ?? [];
  if (pieces.join("") !== text) return undefined;
  const words: Word[] = [];
  let depth = 0;
  let isApart = true;
  for (const piece of pieces) {
    if (/^[ \t\r\n]/.test(piece)) {
      isApart = !(words.at(-1)?.text.endsWith("(") ?? false);
      continue;
    }
    const isQuoted = /^["']/.test(piece);
    // A line break in quotes, or another control character, cannot stand on a folded line.
    // eslint-disable-next-line no-control-regex
    if (/[\u0000-\u001f\u007f\u0085\u2028\u2029\ufeff]/.test(piece)) return undefined;
    const last = words.at(-1);
    if (last === undefined || (isApart && !/^[),]/.test(piece))) words.push({ text: piece, depth });
    else words[words.length - 1] = { text: last.text + piece, depth: last.depth };
    if (!isQuoted) depth += countOf(piece, "(") - countOf(piece, ")");
    isApart = false;
  }
  return words;
}

function countOf(text: string, character: string): number {
  return text.split(character).length - 1;
}
