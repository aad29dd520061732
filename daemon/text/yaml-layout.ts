// SPDX-License-Identifier: Apache-2.0
import { isMap, isScalar, isSeq, parseAllDocuments, visit, type Scalar, type YAMLMap } from "yaml";

/** How the entries of a file (the maps in its top-level lists) are laid out. */
export interface EntryLayout {
  /** Where a key stands in an entry: lower numbers come first, equal ones keep their order. */
  readonly rankOf: (key: string) => number;
  /** The lines of a folded block that says what this value says; undefined: the value stays as it is. */
  readonly linesOf: (key: string, value: string) => readonly string[] | undefined;
}

const lineWidth = 100;

/**
 * Writes YAML anew with its comments: two blanks of indentation, one empty line between entries, their keys in order.
 * Undefined when the text is no YAML. That the result says the same is for the caller to check.
 */
export function layoutYaml(text: string, layout: EntryLayout): string | undefined {
  const documents = parseAllDocuments(text, {
    schema: "failsafe",
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0)) {
    return undefined;
  }
  // Comments alone are no document.
  if (documents.length === 0) return text;
  const marks = new Marks(text);
  for (const document of documents) {
    const aliases: unknown[] = [];
    visit(document, {
      Alias: (_key, node) => {
        aliases.push(node);
      },
      Scalar: (_key, node) => {
        if (node !== document.contents) marks.keepEmpty(node);
      },
    });
    if (!isSeq(document.contents)) continue;
    for (const [index, item] of document.contents.items.entries()) {
      if (!isMap(item)) continue;
      if (index > 0) item.spaceBefore = true;
      // At most one empty line between a comment and what follows it.
      if (item.commentBefore != null)
        item.commentBefore = item.commentBefore.replace(/\n{2,}$/, "\n");
      // An alias must stay behind its anchor.
      if (aliases.length === 0) sortKeys(item, layout);
      marks.layOut(item, layout);
    }
  }
  const written = documents.map((document) =>
    document.toString({ lineWidth, indentSeq: true, flowCollectionPadding: false }),
  );
  return marks.replace(written.join(""));
}

function sortKeys(map: YAMLMap, { rankOf }: EntryLayout): void {
  const rank = ({ key }: YAMLMap["items"][number]): number => rankOf(keyText(key));
  map.items.sort((a, b) => rank(a) - rank(b));
}

function keyText(key: unknown): string {
  return isScalar(key) && typeof key.value === "string" ? key.value : "";
}

/** Stands in for what the package would write otherwise, until it has written all the rest. */
class Marks {
  readonly #word: string;
  readonly #blocks: { readonly header: string; readonly lines: readonly string[] }[] = [];

  constructor(text: string) {
    let word = "LAYOUT";
    while (text.includes(word)) word += "_";
    this.#word = word;
  }

  /** Nothing at all would be written as an empty text. */
  keepEmpty(node: Scalar): void {
    const isEmpty = node.value === "" && node.type === "PLAIN";
    if (isEmpty) node.value = `${this.#word}0`;
  }

  layOut(map: YAMLMap, { linesOf }: EntryLayout): void {
    for (const { key, value } of map.items) {
      if (!isScalar(value) || typeof value.value !== "string") continue;
      const lines = linesOf(keyText(key), value.value);
      if (lines === undefined) continue;
      const isBlock = value.type === "BLOCK_FOLDED" || value.type === "BLOCK_LITERAL";
      const [first = ""] = lines;
      if (!isBlock && lines.length === 1 && first.length < lineWidth / 2) {
        value.value = first;
        continue;
      }
      const header = value.value.endsWith("\n") ? ">" : ">-";
      this.#blocks.push({ header, lines });
      value.value = `${this.#word}${this.#blocks.length}`;
      value.type = "PLAIN";
    }
  }

  replace(text: string): string {
    const pattern = new RegExp(` ?(${this.#word}_*)([0-9]+)\\b`);
    const lines = text.split("\n").flatMap((line) => {
      const found = pattern.exec(line);
      if (found === null) return [line];
      const block = this.#blocks[Number(found[2]) - 1];
      if (block === undefined) return [line.replace(found[0], "").trimEnd()];
      const indent = " ".repeat((/^[ -]*/.exec(line)?.[0].length ?? 0) + 2);
      return [
        line.replace(found[0], ` ${block.header}`),
        ...block.lines.map((content) => indent + content),
      ];
    });
    return lines.join("\n");
  }
}
