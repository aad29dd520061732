// SPDX-License-Identifier: Apache-2.0
import {
  joinParts,
  standIn,
  usedThrough,
  type LocatedText,
  type TextPart,
} from "../text/located-text.ts";

/** A list with the text that stands for its name. */
export interface ListText {
  readonly name: string;
  readonly text: LocatedText;
  /** The name has blanks or brackets in it, so it is no word. */
  readonly isPhrase: boolean;
}

/** The lists in definition order, and where each stands in it. */
export interface ListTexts {
  readonly lists: readonly ListText[];
  readonly places: ReadonlyMap<string, number>;
}

/**
 * UTF-16 units of a condition with its lists in place, and what was in these places on the way: lists that name others
 * twice double it at every step.
 */
const conditionMax = 4_194_304;

/** Names of lists in one condition, and in the lists in their places. */
const usesMax = 100_000;

/** Uses of lists by lists are told so deep: more would be a deep recursion. */
const notedLevelsMax = 64;

const blanks = " \t\n\r";
const delimiters = `${blanks}(),=`;

/** A stretch of the condition: text as it is, or (with a place) the name of a list that is still to be replaced. */
interface Part extends TextPart {
  /** How many lists it came through. */
  readonly level: number;
  /** Which list. */
  readonly place?: number;
}

/** A part in the chain. */
interface Piece extends Part {
  start: number;
  end: number;
  /** Pieces that were put in together, from the left to the right, have the same. */
  readonly batch: number;
  /** Grows from the left to the right; of use only in `#sort`. */
  order: number;
  left: Piece | undefined;
  right: Piece | undefined;
}

/**
 * A condition while its lists are put in place, as upstream does it: for each list, in definition order, its items stand
 * for each word that is its name, also in quoted text and in the items of earlier lists. A chain of pieces, so that each
 * step costs what it puts in, not as much as the condition is long.
 */
export class ListUses {
  readonly #texts: ListTexts;
  readonly #condition: LocatedText;
  /** By list. */
  readonly #uses: Piece[][] = [];
  /** Ends of the chain, both empty. */
  #first: Piece;
  #last: Piece;
  /** Of all that was put in: what is replaced again took its time too. */
  #length = 0;
  #useCount = 0;
  #batch = 0;

  constructor(condition: LocatedText, texts: ListTexts) {
    this.#condition = condition;
    this.#texts = texts;
    [this.#first, this.#last] = emptyChain(condition);
    this.#insert(this.#last, this.#partsOf(condition, { level: 0, after: -1 }));
  }

  /** Replaces the uses of every list; undefined when the condition gets too long. `onUse` hears of each list. */
  replaceAll(onUse: (name: string) => void): LocatedText | undefined {
    for (const [place, list] of this.#texts.lists.entries()) {
      if (list.isPhrase) this.#findPhrase(list.name, place);
      const uses = this.#uses[place];
      if (uses === undefined) continue;
      onUse(list.name);
      this.#useCount += uses.length;
      if (this.#useCount > usesMax) return undefined;
      this.#sort(uses);
      this.#batch += 1;
      for (const use of uses) this.#replace(use, list, place);
      if (this.#length > conditionMax) return undefined;
    }
    return this.#joined();
  }

  #replace(use: Piece, { name, text }: ListText, after: number): void {
    const left = this.#trimLeft(use);
    const right = this.#trimRight(use);
    if (text.value === "") this.#dropComma(left, right);
    const { level } = use;
    const isNoted = level < notedLevelsMax;
    const inner = isNoted ? usedThrough(text, use, `used through list "${name}"`) : text;
    const blank = { of: standIn(" ", use), start: 0, end: 1, level };
    const items = [...this.#partsOf(inner, { level: level + 1, after }), blank];
    link(left, right);
    this.#insert(right, left === this.#first ? items : [blank, ...items]);
  }

  /** Takes blanks away at the left; the piece that is then beside the use. */
  #trimLeft(use: Piece): Piece {
    let piece = use.left ?? this.#first;
    while (piece !== this.#first) {
      while (piece.start < piece.end && isBlank(piece.of.value[piece.end - 1])) piece.end -= 1;
      if (piece.start < piece.end) break;
      piece = piece.left ?? this.#first;
    }
    return piece;
  }

  #trimRight(use: Piece): Piece {
    let piece = use.right ?? this.#last;
    while (piece !== this.#last) {
      while (piece.start < piece.end && isBlank(piece.of.value[piece.start])) piece.start += 1;
      if (piece.start < piece.end) break;
      piece = piece.right ?? this.#last;
    }
    return piece;
  }

  /** An empty list takes one comma with it, the one before it if there is one. */
  #dropComma(left: Piece, right: Piece): void {
    if (left !== this.#first && left.of.value[left.end - 1] === ",") left.end -= 1;
    else if (right !== this.#last && right.of.value[right.start] === ",") right.start += 1;
  }

  /** A text with the names of the lists after the one at `after` apart. */
  #partsOf(
    of: LocatedText,
    { level, after }: { readonly level: number; readonly after: number },
  ): readonly Part[] {
    const parts: Part[] = [];
    let from = 0;
    for (const { index, 0: word } of of.value.matchAll(/[^ \t\n\r(),=]+/g)) {
      const place = this.#texts.places.get(word);
      if (place === undefined || place <= after) continue;
      const end = index + word.length;
      if (index > from) parts.push({ of, start: from, end: index, level });
      parts.push({ of, start: index, end, level, place });
      from = end;
    }
    const { length } = of.value;
    if (length > from) parts.push({ of, start: from, end: length, level });
    return parts;
  }

  #insert(right: Piece, parts: readonly Part[]): void {
    let left = right.left ?? this.#first;
    for (const part of parts) {
      const piece: Piece = { ...part, batch: this.#batch, order: 0, left, right };
      if (part.place !== undefined) (this.#uses[part.place] ??= []).push(piece);
      this.#length += part.end - part.start;
      left.right = piece;
      left = piece;
    }
    link(left, right);
  }

  /** The left one first: each takes the blanks, and perhaps a comma, beside it. */
  #sort(uses: Piece[]): void {
    if (uses[0]?.batch === uses.at(-1)?.batch) return;
    let order = 0;
    for (let at: Piece | undefined = this.#first; at !== undefined; at = at.right) {
      at.order = order;
      order += 1;
    }
    uses.sort((a, b) => a.order - b.order);
  }

  /** What is no word is looked for in all the text, which is then taken apart anew. */
  #findPhrase(name: string, place: number): void {
    const whole = this.#joined();
    const parts: Part[] = [];
    const level = notedLevelsMax;
    let from = 0;
    const addUpTo = (to: number): void => {
      const text = joinParts([{ of: whole, start: from, end: to }], whole);
      parts.push(...this.#partsOf(text, { level, after: place }));
    };
    for (const start of phraseStarts(whole.value, name)) {
      addUpTo(start);
      from = start + name.length;
      parts.push({ of: whole, start, end: from, level, place });
    }
    if (parts.length === 0) return;
    addUpTo(whole.value.length);
    [this.#first, this.#last] = emptyChain(this.#condition);
    this.#uses.length = 0;
    this.#batch += 1;
    this.#insert(this.#last, parts);
  }

  #joined(): LocatedText {
    const parts: TextPart[] = [];
    for (let at = this.#first.right; at !== undefined; at = at.right) parts.push(at);
    return joinParts(parts, this.#condition);
  }
}

function phraseStarts(text: string, name: string): readonly number[] {
  const starts: number[] = [];
  for (let at = text.indexOf(name); at >= 0;) {
    const isApart = isDelimiter(text[at - 1]) && isDelimiter(text[at + name.length]);
    if (isApart) starts.push(at);
    at = text.indexOf(name, isApart ? at + name.length : at + 1);
  }
  return starts;
}

function emptyChain(of: LocatedText): [Piece, Piece] {
  const first: Piece = {
    ...{ of, start: 0, end: 0, level: 0, batch: 0, order: 0 },
    ...{ left: undefined, right: undefined },
  };
  const last: Piece = { ...first };
  link(first, last);
  return [first, last];
}

function link(left: Piece, right: Piece): void {
  left.right = right;
  right.left = left;
}

function isBlank(unit: string | undefined): boolean {
  return unit !== undefined && blanks.includes(unit);
}

function isDelimiter(unit: string | undefined): boolean {
  return unit === undefined || delimiters.includes(unit);
}

/** True for a name that the condition cannot have as one word. */
export function isPhrase(name: string): boolean {
  return /[ \t\n\r(),=]/.test(name);
}
