// SPDX-License-Identifier: Apache-2.0
import { joinTexts, textAt, usedThrough, type LocatedText } from "../text/located-text.ts";
import type { CollectedList } from "./collect.ts";
import { joinItems, listItem } from "./exceptions.ts";
import { isPhrase, ListUses, type ListText } from "./list-uses.ts";

/** Puts list items in the place of list names in conditions, and remembers which lists were used. */
export interface ListExpander {
  /** Undefined when the condition gets too long. */
  expand(condition: LocatedText): LocatedText | undefined;
  isUsed(name: string): boolean;
  /** The items of a list, names of earlier lists replaced. */
  itemsOf(name: string): readonly string[];
}

/** A list with its items, and the text that stands for its name. */
interface ResolvedList extends ListText {
  readonly items: readonly LocatedText[];
}

/** Prepares the lists, in definition order. */
export function createListExpander(lists: ReadonlyMap<string, CollectedList>): ListExpander {
  const used = new Set<string>();
  const texts = [...lists.values()].map((list): ResolvedList => {
    const items = resolveItems(list, { lists, used });
    const name = list.name.value;
    return { name, items, text: textOf(items, list), isPhrase: isPhrase(name) };
  });
  const byName = new Map(texts.map((list) => [list.name, list]));
  const inOrder = { lists: texts, places: new Map(texts.map(({ name }, i) => [name, i])) };
  return {
    isUsed: (name) => used.has(name),
    itemsOf: (name) => byName.get(name)?.items.map(({ value }) => value) ?? [],
    expand: (condition) => new ListUses(condition, inOrder).replaceAll((name) => used.add(name)),
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
