// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";

/** One option that was given. */
export interface GivenOption {
  readonly letter: string;
  readonly takesValue: boolean;
  /** The option's value; the letter when it takes none, empty when its value is absent. */
  readonly value: ByteString;
}

/**
 * Reads short options as getopt(3) does with the option string `letters` (`a` a flag, `b:` with a value): stops at
 * `--` or the first word that is no option, skips `--long` words, reports unknown letters as `?`.
 */
export function getopt(words: readonly ByteString[], letters: ByteString): readonly GivenOption[] {
  const found: GivenOption[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (word === "--" || word === "-" || !word.startsWith("-")) break;
    if (word.startsWith("--")) continue;
    if (readWord(word, { letters, next: words[i + 1] }, found)) i += 1;
  }
  return found;
}

interface WordContext {
  readonly letters: ByteString;
  readonly next: ByteString | undefined;
}

/** Reads `-abc`; true when the last option took the next word as its value. */
function readWord(word: ByteString, context: WordContext, found: GivenOption[]): boolean {
  for (let at = 1; at < word.length; at++) {
    const letter = word.charAt(at);
    const place = letter === ":" ? -1 : context.letters.indexOf(letter);
    const takesValue = place >= 0 && context.letters[place + 1] === ":";
    if (!takesValue) {
      const shown = place < 0 ? "?" : letter;
      found.push({ letter: shown, takesValue: false, value: shown });
      continue;
    }
    const rest = word.slice(at + 1);
    found.push({ letter, takesValue, value: rest === "" ? (context.next ?? "") : rest });
    return rest === "" && context.next !== undefined;
  }
  return false;
}
