// SPDX-License-Identifier: Apache-2.0
import type { CST, YAMLError } from "yaml";

/** A fault of a YAML text in words, and its place in it. */
export interface YamlFault {
  readonly message: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The first fault of a document. The others are left out: the package goes on reading where it has lost its way, and
 * what it then says is about places where nothing is wrong.
 */
export function firstFault(
  errors: readonly YAMLError[],
  text: string,
  tokens: readonly CST.Token[],
): YamlFault | undefined {
  const [first] = [...errors].sort((a, b) => a.pos[0] - b.pos[0]);
  if (first === undefined) return undefined;
  const [at, end] = first.pos;
  const lineStart = text.lastIndexOf("\n", at - 1) + 1;
  const [indent = ""] = /^[ \t]*/.exec(text.slice(lineStart)) ?? [];
  const tab = indent.indexOf("\t");
  if (tab >= 0) {
    const start = lineStart + tab;
    return { message: "a tab in the indentation: write blanks", start, end: start + 1 };
  }
  const isUnclosed = /^Missing closing ["']quote/.test(first.message);
  const quote = isUnclosed ? openedQuote(tokens, at) : undefined;
  if (quote !== undefined) {
    const message = "cannot find the end of this quoted text";
    return { message, start: quote, end: quote + 1 };
  }
  const message = plainWords(first);
  return { message, start: at, end: Math.max(end, at + 1) };
}

/** What the package says, where its own words help only those who know how YAML is read. */
function plainWords({ code, message }: YAMLError): string {
  if (message.includes("without - indicator")) {
    return `this line begins neither below the keys before it nor with "- "`;
  }
  if (code === "BLOCK_AS_IMPLICIT_KEY") {
    return `a second ": " on one line: quote the text, or mend the indentation`;
  }
  const words = message.charAt(0).toLowerCase() + message.slice(1);
  return words.startsWith("plain value cannot start") ? `${words}: quote it` : words;
}

/** Where the quoted text that ends at `end` begins. */
function openedQuote(tokens: readonly CST.Token[], end: number): number | undefined {
  const pending: CST.Token[] = [...tokens];
  for (let token = pending.pop(); token !== undefined; token = pending.pop()) {
    if (token.type === "double-quoted-scalar" || token.type === "single-quoted-scalar") {
      if (token.offset < end && token.offset + token.source.length >= end) return token.offset;
    }
    pending.push(...childTokens(token));
  }
  return undefined;
}

/** The tokens inside of a token. */
export function childTokens(token: CST.Token): readonly CST.Token[] {
  if (token.type === "document") return token.value === undefined ? [] : [token.value];
  if (!("items" in token)) return [];
  return token.items.flatMap(({ key, value }) => [key ?? [], value ?? []].flat());
}
