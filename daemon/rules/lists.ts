// SPDX-License-Identifier: Apache-2.0
import {
  editText,
  joinTexts,
  standIn,
  textAt,
  usedThrough,
  type LocatedText,
  type TextEdit,
} from "../text/located-text.ts";
import type { CollectedList } from "./collect.ts";
import { joinItems, listItem } from "./exceptions.ts";

/** Puts list items in the place of list names in conditions, and remembers which lists were used. */
export interface ListExpander {
  expand(condition: LocatedText): LocatedText;
  isUsed(name: string): boolean;
  /** The items of a list, names of earlier lists replaced. */
  itemsOf(name: string): readonly string[];
}

/** A list with the text that stands for its name. */
interface ListText {
  readonly name: string;
  readonly items: readonly LocatedText[];
  readonly text: LocatedText;
}

/** Prepares the lists, in definition order. */
export function createListExpander(lists: ReadonlyMap<string, CollectedList>): ListExpander {
  const used = new Set<string>();
  const texts = [...lists.values()].map((list): ListText => {
    const items = resolveItems(list, { lists, used });
    return { name: list.name.value, items, text: textOf(items, list) };
  });
  const byName = new Map(texts.map((list) => [list.name, list]));
  return {
    isUsed: (name) => used.has(name),
    itemsOf: (name) => byName.get(name)?.items.map(({ value }) => value) ?? [],
    expand(condition) {
      let text = condition;
      let passes = 0;
      for (const list of texts) {
        const edits = findUses(text, list, passes < notedPassesMax);
        if (edits.length === 0) continue;
        used.add(list.name);
        text = editText(text, edits);
        passes += 1;
      }
      return text;
    },
  };
}

/** What stands for the name of a list: its items, each where it was written. */
function textOf(items: readonly LocatedText[], { name }: CollectedList): LocatedText {
  const [first, ...others] = joinItems(items.map(listItem));
  return first === undefined ? textAt("", name.span) : joinTexts([first, ...others]);
}

/** An item that names a list defined before this one's last change stands for that list's own items. */
function resolveItems(
  list: CollectedList,
  known: { readonly lists: ReadonlyMap<string, CollectedList>; readonly used: Set<string> },
): readonly LocatedText[] {
  return list.items.flatMap((item) => {
    const other = known.lists.get(item.value);
    if (other === undefined || other.firstAt >= list.lastAt) return [item];
    known.used.add(item.value);
    const name = { of: item, start: 0, end: item.value.length };
    const message = `used through list "${item.value}"`;
    return other.items.map((inner) => usedThrough(inner, name, message));
  });
}

/** So many lists in one condition are told with their uses: more would be a deep recursion. */
const notedPassesMax = 64;

const blanks = " \t\n\r";
const delimiters = `${blanks}(),=`;

/** A textual pass, as upstream: quoted text is not protected, and no parentheses are added. */
function findUses(
  condition: LocatedText,
  { name, text: items }: ListText,
  isNoted: boolean,
): readonly TextEdit[] {
  const edits: TextEdit[] = [];
  if (name === "") return edits;
  const text = condition.value;
  let last = 0;
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const stop = at + name.length;
    if (at < last || !isDelimiter(text[at - 1]) || !isDelimiter(text[stop])) continue;
    const place = { of: condition, start: at, end: stop };
    const blank = standIn(" ", place);
    const inner = isNoted ? usedThrough(items, place, `used through list "${name}"`) : items;
    const replacement = joinTexts([blank, inner, blank]);
    const edit = widen(text, { start: at, end: stop, replacement }, last);
    edits.push(items.value === "" ? withComma(text, edit, last) : edit);
    last = edits.at(-1)?.end ?? stop;
  }
  return edits;
}

/** Takes the blanks around a name with it. */
function widen(text: string, edit: TextEdit, last: number): TextEdit {
  let { start, end } = edit;
  while (start > last && blanks.includes(text[start - 1] ?? "x")) start -= 1;
  while (end < text.length && blanks.includes(text[end] ?? "x")) end += 1;
  return { ...edit, start, end };
}

/** An empty list takes one comma with it, the one before it if there is one. */
function withComma(text: string, edit: TextEdit, last: number): TextEdit {
  const { start, end } = edit;
  if (start > last && text[start - 1] === ",") return { ...edit, start: start - 1 };
  return text[end] === "," ? { ...edit, end: end + 1 } : edit;
}

function isDelimiter(unit: string | undefined): boolean {
  return unit === undefined || delimiters.includes(unit);
}
