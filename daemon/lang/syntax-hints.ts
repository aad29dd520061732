// SPDX-License-Identifier: Apache-2.0
import { didYouMean } from "../text/nearest.ts";
import { operatorSyntax, transformerNames } from "./syntax.ts";

/** Other languages' words for ours. */
const connectives: ReadonlyMap<string, string> = new Map([
  ["&&", "and"],
  ["&", "and"],
  ["||", "or"],
  ["|", "or"],
  ["!", "not"],
  ["and", "and"],
  ["or", "or"],
  ["not", "not"],
]);

/** What is wrong with a word where a check, or something after it, should begin, when that is plain. */
export function strayWord(text: string, at: number): string | undefined {
  const [word = ""] = /^(?:&&?|\|\|?|!|[A-Za-z]+)/.exec(text.slice(at, at + 8)) ?? [];
  const meant = connectives.get(word.toLowerCase());
  if (meant !== undefined) return `cannot read "${word}" here: write "${meant}"`;
  if (text[at] !== "(") return undefined;
  const [name = ""] = /[A-Za-z0-9_]+$/.exec(text.slice(Math.max(0, at - 20), at)) ?? [];
  const hint = didYouMean(name, ["val", ...transformerNames]);
  return hint === "" ? undefined : `cannot read "${name}(" here${hint}`;
}

const operatorsMeant: ReadonlyMap<string, string> = new Map([
  ["is", "="],
  ["equals", "="],
  ["like", "glob"],
  ["matches", "regex"],
]);

/** What is wrong with a word that stands for an operator. */
export function wrongOperator(text: string, at: number): string {
  const names = operatorSyntax.map(({ name }) => name);
  const [word = ""] = /^[A-Za-z]+/.exec(text.slice(at, at + 20)) ?? [];
  const meant = operatorsMeant.get(word.toLowerCase());
  if (meant !== undefined) return `cannot read "${word}" as an operator: write "${meant}"`;
  const hint = word === "" ? "" : didYouMean(word.toLowerCase(), names);
  if (hint !== "") return `cannot read "${word}" as an operator${hint}`;
  return `cannot read an operator here: expected one of ${names.join(" ")}`;
}
