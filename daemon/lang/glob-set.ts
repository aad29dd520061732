// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";

/** A bracket expression: which bytes it takes, and where what follows it begins. */
export interface ByteSet {
  readonly has: (code: number) => boolean;
  readonly end: number;
}

/**
 * Reads the bracket expression whose `[` is before `start`, as fnmatch(3) of glibc does in the C locale. There each
 * byte walks through the expression by itself, and what is wrong with the expression only shows to bytes that get
 * that far; so this asks for each byte. Undefined: the `[` stands for itself.
 */
export function readSet(
  pattern: ByteString,
  start: number,
  isCaseFolded: boolean,
): ByteSet | undefined {
  const members = new Uint8Array(256);
  let end = -1;
  for (let code = 0; code < 256; code++) {
    const taken = new SetWalk(pattern, start, { code, isCaseFolded }).run();
    if (taken === "unterminated") continue;
    if (taken === undefined || (end >= 0 && taken !== end)) continue;
    members[code] = 1;
    end = taken;
  }
  if (end < 0 && isUnterminated(pattern, start, isCaseFolded)) return undefined;
  return { has: (code) => members[code] === 1, end: end < 0 ? pattern.length : end };
}

/** Only a byte `[` can then go on. */
function isUnterminated(pattern: ByteString, start: number, isCaseFolded: boolean): boolean {
  return new SetWalk(pattern, start, { code: 0x5b, isCaseFolded }).run() === "unterminated";
}

/** The byte on its way, as it is and folded. */
interface Walker {
  readonly code: number;
  readonly isCaseFolded: boolean;
}

/** One byte's way: where it goes on when it is taken, `unterminated`, or undefined when nothing can match. */
type Outcome = number | "unterminated" | undefined;

class SetWalk {
  readonly #pattern: ByteString;
  readonly #walker: Walker;
  #at: number;

  constructor(pattern: ByteString, start: number, walker: Walker) {
    this.#pattern = pattern;
    this.#at = start;
    this.#walker = walker;
  }

  run(): Outcome {
    const isNegated = this.#peek() === "!" || this.#peek() === "^";
    if (isNegated) this.#at += 1;
    for (let isFirst = true; isFirst || this.#peek() !== "]"; isFirst = false) {
      if (this.#peek() === "") return "unterminated";
      const isMember = this.#member();
      if (isMember === undefined) return undefined;
      if (isMember) return isNegated ? undefined : this.#skip();
    }
    return isNegated ? this.#at + 1 : undefined;
  }

  #peek(ahead = 0): string {
    return this.#pattern[this.#at + ahead] ?? "";
  }

  // member = class | equivalent | symbol | range
  #member(): boolean | undefined {
    const name = this.#className();
    if (name !== undefined) {
      const members = classes[name];
      this.#at += name.length + 4;
      return members?.test(String.fromCharCode(this.#walker.code));
    }
    if (this.#looksAtEquivalent()) {
      const isEqual = this.#pattern.charCodeAt(this.#at + 2) === this.#walker.code;
      this.#at += 5;
      return isEqual;
    }
    return this.#range();
  }

  /** `[:name:]`, letters from a to y only; anything else is no class but bytes. */
  #className(): string | undefined {
    className.lastIndex = this.#at;
    return className.exec(this.#pattern)?.[1];
  }

  #looksAtEquivalent(): boolean {
    return (
      this.#peek() === "[" &&
      this.#peek(1) === "=" &&
      this.#peek(3) === "=" &&
      this.#peek(4) === "]" &&
      this.#peek(2) !== ""
    );
  }

  // range = low [ "-" high ]
  #range(): boolean | undefined {
    const { code } = this.#walker;
    const isSymbol = this.#looksAtSymbol();
    const low = this.#end();
    if (low === undefined) return undefined;
    if (this.#peek() !== "-" || ["]", ""].includes(this.#peek(1))) {
      return isSymbol ? low === code : this.#fold(low) === this.#fold(code);
    }
    this.#at += 1;
    const high = this.#end();
    if (high === undefined) return undefined;
    const first = isSymbol ? low : this.#fold(low);
    return first <= this.#fold(code) && this.#fold(code) <= this.#fold(high);
  }

  #looksAtSymbol(): boolean {
    return this.#peek() === "[" && this.#peek(1) === ".";
  }

  // low = high = symbol | byte
  #end(): number | undefined {
    return this.#looksAtSymbol() ? this.#symbol() : this.#byte();
  }

  /** `[.x.]`, the byte x; names of bytes there are none in the C locale. */
  #symbol(): number | undefined {
    const end = this.#pattern.indexOf(".]", this.#at + 2);
    if (end !== this.#at + 3) return undefined;
    const code = this.#pattern.charCodeAt(this.#at + 2);
    this.#at = end + 2;
    return code;
  }

  #byte(): number | undefined {
    if (this.#peek() === "\\") this.#at += 1;
    if (this.#peek() === "") return undefined;
    const code = this.#pattern.charCodeAt(this.#at);
    this.#at += 1;
    return code;
  }

  #fold(code: number): number {
    return this.#walker.isCaseFolded && code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
  }

  /** From behind the member that took the byte to behind the `]`. */
  #skip(): number | undefined {
    for (;;) {
      const unit = this.#peek();
      if (unit === "") return undefined;
      if (unit === "]") return this.#at + 1;
      const end = this.#endOfSkipped(unit);
      if (end === undefined) return undefined;
      this.#at = end;
    }
  }

  #endOfSkipped(unit: string): number | undefined {
    if (unit === "\\") return this.#peek(1) === "" ? undefined : this.#at + 2;
    if (unit !== "[") return this.#at + 1;
    const name = this.#className();
    if (name !== undefined) return this.#at + name.length + 4;
    if (this.#peek(1) === "=") return this.#looksAtEquivalent() ? this.#at + 5 : undefined;
    if (this.#peek(1) !== ".") return this.#at + 1;
    const end = this.#pattern.indexOf(".]", this.#at + 2);
    return end < 0 ? undefined : end + 2;
  }
}

const className = /\[:([a-y]*):\]/y;

const classes: Readonly<Partial<Record<string, RegExp>>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  // eslint-disable-next-line no-control-regex -- control characters are what this class is
  cntrl: /[\x00-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[\x21-\x7e]/,
  lower: /[a-z]/,
  print: /[\x20-\x7e]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\v\f\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};
