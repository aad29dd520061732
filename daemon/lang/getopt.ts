// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";

/** One option that was given. */
export interface GivenOption {
  /** `?` for a letter that is no option. */
  readonly letter: string;
  readonly isKnown: boolean;
  /** Undefined for an option that takes none; empty when it is absent. */
  readonly value?: ByteString;
  /** It takes a value, and there was none. */
  readonly isCutShort?: boolean;
}

/** Which letters are options, and which of them take a value. */
interface Letters {
  readonly known: ReadonlySet<string>;
  readonly valued: ReadonlySet<string>;
}

/**
 * Reads short options as getopt(3) does with the option string `letters` (`a` a flag, `b:` with a value): stops at
 * `--` or the first word that is no option, skips `--long` words, reports unknown letters as `?`.
 */
export function getopt(words: readonly ByteString[], letters: ByteString): readonly GivenOption[] {
  const found: GivenOption[] = [];
  const options = readLetters(letters);
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (word === "--" || word === "-" || !word.startsWith("-")) break;
    if (word.startsWith("--")) continue;
    if (readWord(word, { options, next: words[i + 1] }, found)) i += 1;
  }
  return found;
}

/** A colon that stands behind no letter says nothing. */
function readLetters(letters: ByteString): Letters {
  const known = new Set<string>();
  const valued = new Set<string>();
  for (let at = 0; at < letters.length; at++) {
    const letter = letters.charAt(at);
    if (letter === ":") continue;
    known.add(letter);
    if (letters[at + 1] === ":") valued.add(letter);
  }
  return { known, valued };
}

interface WordContext {
  readonly options: Letters;
  readonly next: ByteString | undefined;
}

/** Reads `-abc`; true when the last option took the next word as its value. */
function readWord(word: ByteString, context: WordContext, found: GivenOption[]): boolean {
  const { options, next } = context;
  for (let at = 1; at < word.length; at++) {
    const letter = word.charAt(at);
    if (!options.known.has(letter)) {
      found.push({ letter: "?", isKnown: false });
    } else if (!options.valued.has(letter)) {
      found.push({ letter, isKnown: true });
    } else {
      const rest = word.slice(at + 1);
      const value = rest === "" ? next : rest;
      if (value === undefined) found.push({ letter, isKnown: true, value: "", isCutShort: true });
      else found.push({ letter, isKnown: true, value });
      return rest === "" && next !== undefined;
    }
  }
  return false;
}
