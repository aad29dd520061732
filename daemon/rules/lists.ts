// SPDX-License-Identifier: Apache-2.0
import { editText, wholeSource, type LocatedText, type TextEdit } from "../text/located-text.ts";
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
  readonly text: string;
}

/** Prepares the lists, in definition order. */
export function createListExpander(lists: ReadonlyMap<string, CollectedList>): ListExpander {
  const used = new Set<string>();
  const texts = [...lists.values()].map((list): ListText => {
    const items = resolveItems(list, { lists, used });
    return {
      name: list.name.value,
      items,
      text: joinItems(items.map(listItem), comma)
        .map(({ value }) => value)
        .join(""),
    };
  });
  return {
    isUsed: (name) => used.has(name),
    itemsOf: (name) =>
      texts.find((list) => list.name === name)?.items.map(({ value }) => value) ?? [],
    expand(condition) {
      let text = condition;
      for (const list of texts) {
        const edits = findUses(text.value, list);
        if (edits.length === 0) continue;
        used.add(list.name);
        text = editText(text, edits);
      }
      return text;
    },
  };
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
    return other.items;
  });
}

const comma = wholeSource({ name: "", text: ", " });

const blanks = " \t\n\r";
const delimiters = `${blanks}(),=`;

/** A textual pass, as upstream: quoted text is not protected, and no parentheses are added. */
function findUses(text: string, { name, text: items }: ListText): readonly TextEdit[] {
  const edits: TextEdit[] = [];
  if (name === "") return edits;
  let last = 0;
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const stop = at + name.length;
    if (at < last || !isDelimiter(text[at - 1]) || !isDelimiter(text[stop])) continue;
    const edit = widen(text, { start: at, end: stop, replacement: ` ${items} ` }, last);
    edits.push(items === "" ? withComma(text, edit, last) : edit);
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
