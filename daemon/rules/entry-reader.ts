// SPDX-License-Identifier: Apache-2.0
import { errorAt, warningAt, type Diagnostic } from "../text/diagnostic.ts";
import type { LocatedText } from "../text/located-text.ts";
import { didYouMean } from "../text/nearest.ts";
import type { Span } from "../text/source.ts";
import { describeYaml, yamlValue, type YamlMap, type YamlNode } from "../text/yaml-node.ts";
import type { Definition, Named, ReadEntry } from "./definition.ts";
import type { RuleCode } from "./diagnostic-texts.ts";

/** YAML 1.1 words for truth, as rule files have always used them. */
export const truthWords: ReadonlyMap<string, boolean> = new Map(
  ["y", "yes", "on", "true", "n", "no", "off", "false"].flatMap((word, i) => {
    const capital = word.charAt(0).toUpperCase() + word.slice(1);
    return [word, capital, word.toUpperCase()].map((form): [string, boolean] => [form, i < 4]);
  }),
);

/** Reads the keys of one entry; what is wrong is reported and read as absent. */
export class EntryReader {
  readonly map: YamlMap;
  #diagnostics: Diagnostic[] = [];

  constructor(map: YamlMap) {
    this.map = map;
  }

  /** Ends a step of reading: what it came to, with what was found wrong since the last one. */
  step(definition?: Definition): ReadEntry {
    const diagnostics = this.#diagnostics;
    this.#diagnostics = [];
    return definition === undefined ? { diagnostics } : { definition, diagnostics };
  }

  error(code: RuleCode, message: string, span: Span): void {
    this.#diagnostics.push(errorAt({ code, message, span }));
  }

  warn(code: RuleCode, message: string, span: Span): void {
    this.#diagnostics.push(warningAt({ code, message, span }));
  }

  /** Warns of what repeats something that stands elsewhere. */
  warnOfTwin(code: RuleCode, message: string, spans: { here: Span; first: Span }): void {
    const notes = [{ message: "first defined here", span: spans.first }];
    this.#diagnostics.push(warningAt({ code, message, span: spans.here, notes }));
  }

  has(key: string): boolean {
    return yamlValue(this.map, key) !== undefined;
  }

  /** A scalar of any YAML type, taken as text; empty is wrong. */
  text(key: string): LocatedText | undefined {
    const node = yamlValue(this.map, key);
    if (node === undefined) return undefined;
    if (node.kind === "scalar" && node.type !== "null" && node.value !== "") return node.text;
    this.#wrongType(key, "text", node);
    return undefined;
  }

  /** The same as a plain value. */
  named(key: string): Named | undefined {
    const node = yamlValue(this.map, key);
    const text = this.text(key);
    return node === undefined || text === undefined
      ? undefined
      : { value: text.value, span: node.span };
  }

  flag(key: string): boolean | undefined {
    const node = yamlValue(this.map, key);
    if (node === undefined) return undefined;
    const value = node.kind === "scalar" ? truthWords.get(node.value) : undefined;
    if (value === undefined) this.#wrongType(key, "true or false", node);
    return value;
  }

  /** A count of 32 bits. */
  count(key: string): number | undefined {
    const node = yamlValue(this.map, key);
    if (node === undefined) return undefined;
    const value = node.kind === "scalar" ? parseUnsigned32(node.value) : undefined;
    if (value === undefined) this.#wrongType(key, "a whole number", node);
    return value;
  }

  /** A list of scalars. */
  texts(key: string): readonly LocatedText[] | undefined {
    const node = yamlValue(this.map, key);
    if (node === undefined) return undefined;
    const items = this.items(key, node);
    const texts: LocatedText[] = [];
    for (const item of items ?? []) {
      if (item.kind === "scalar" && item.type !== "null") texts.push(item.text);
      else this.#wrongType(key, "a list of texts", item);
    }
    return items === undefined ? undefined : texts;
  }

  /** The items of a list. */
  items(key: string, node: YamlNode): readonly YamlNode[] | undefined {
    if (node.kind === "sequence") return node.items;
    this.#wrongType(key, "a list", node);
    return undefined;
  }

  /** Reports that a key must be there, unless it is (right or wrong). */
  require(key: string, owner: Named, kind: string): void {
    if (this.has(key)) return;
    this.error(
      "missing-item-key",
      `cannot use ${kind} "${owner.value}": it has no ${key}`,
      owner.span,
    );
  }

  /** Warns of keys that mean nothing here. */
  warnOfUnknownKeys(known: ReadonlySet<string>): void {
    for (const { key } of this.map.entries) {
      if (known.has(key.value)) continue;
      const hint = didYouMean(key.value, known);
      this.warn("unknown-item-key", `cannot use key "${key.value}" here${hint}`, key.span);
    }
  }

  #wrongType(key: string, expected: string, node: YamlNode): void {
    const message = `cannot use ${describeYaml(node)} as "${key}": expected ${expected}`;
    this.error("wrong-type", message, node.span);
  }
}

/** An unsigned number of 32 bits as upstream's YAML library reads one: also 0x1f, 017 (octal) and +5. */
export function parseUnsigned32(text: string): number | undefined {
  const parts = /^\+?(?:0[xX]([0-9a-fA-F]+)|0([0-7]*)|([1-9][0-9]*))[ \t\n\v\f\r]*$/.exec(text);
  if (parts === null) return undefined;
  const [, hex, octal, decimal] = parts;
  const value =
    hex === undefined
      ? octal === undefined
        ? Number(decimal)
        : Number.parseInt(`0${octal}`, 8)
      : Number.parseInt(hex, 16);
  return value <= 0xffffffff ? value : undefined;
}
