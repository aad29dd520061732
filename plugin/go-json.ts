// SPDX-License-Identifier: Apache-2.0

/** A JSON value as it stands in the text: objects keep every member, in order, repeated ones too. */
export type GoValue = string | number | boolean | null | GoObject | readonly GoValue[];

/** The members of an object as they stand in the text. */
export interface GoObject {
  readonly members: readonly (readonly [key: string, value: GoValue])[];
}

/** What was read, and why the engine might read it otherwise. */
export interface GoJson {
  /** Absent when the text is no JSON, or beyond the bounds. */
  readonly value?: GoValue;
  readonly faults: readonly JsonFault[];
}

/** One reason, and the key or place it is about. */
export interface JsonFault {
  readonly kind: "malformed-json" | "trailing-data" | "too-deep" | "too-many-values";
  readonly detail: string;
}

/** Deeper than any request of the engine's API, and far from where a stack ends. */
const depthMax = 64;
const valuesMax = 200_000;

const noBreak = /[ \t\n\r]*/y;
const numberForm = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

const loneHalf = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

class Stop extends Error {
  readonly kind: JsonFault["kind"];

  constructor(kind: JsonFault["kind"], detail: string) {
    super(detail);
    this.kind = kind;
  }
}

/**
 * Reads the first JSON value of a text as Go's json.Decoder does (encoding/json): what follows it is not looked at
 * there, and told as a fault here. Nothing that has two readings is settled here.
 */
export function readGoJson(text: string): GoJson {
  const reader = new Reader(text);
  try {
    const value = reader.value(0);
    const rest = reader.rest();
    if (rest === "") return { value, faults: [] };
    const detail = `${rest.length} characters follow the object`;
    return { value, faults: [{ kind: "trailing-data", detail }] };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { faults: [{ kind: error.kind, detail: error.message }] };
  }
}

class Reader {
  readonly #text: string;
  #at = 0;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
  }

  rest(): string {
    this.#skip();
    return this.#text.slice(this.#at);
  }

  // value := object | array | string | number | "true" | "false" | "null"
  value(depth: number): GoValue {
    if (depth > depthMax) throw new Stop("too-deep", `more than ${depthMax} levels`);
    this.#values += 1;
    if (this.#values > valuesMax) throw new Stop("too-many-values", `more than ${valuesMax}`);
    this.#skip();
    const first = this.#text[this.#at];
    if (first === "{") return this.#object(depth);
    if (first === "[") return this.#array(depth);
    if (first === '"') return this.#string();
    for (const [word, value] of words) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    return this.#number();
  }

  // object := "{" [ string ":" value { "," string ":" value } ] "}"
  #object(depth: number): GoObject {
    const members: (readonly [string, GoValue])[] = [];
    this.#expect("{");
    this.#skip();
    if (this.#takes("}")) return { members };
    do {
      this.#skip();
      const key = this.#string();
      this.#skip();
      this.#expect(":");
      members.push([key, this.value(depth + 1)]);
      this.#skip();
    } while (this.#takes(","));
    this.#expect("}");
    return { members };
  }

  #array(depth: number): readonly GoValue[] {
    const items: GoValue[] = [];
    this.#expect("[");
    this.#skip();
    if (this.#takes("]")) return items;
    do {
      items.push(this.value(depth + 1));
      this.#skip();
    } while (this.#takes(","));
    this.#expect("]");
    return items;
  }

  // The end of the text is found by hand, its escapes are left to JSON.parse, which knows the same ones as Go.
  #string(): string {
    const start = this.#at;
    this.#expect('"');
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) throw new Stop("malformed-json", "a text does not end");
      this.#at += character === "\\" ? 2 : 1;
      if (character === '"') break;
    }
    try {
      const text: unknown = JSON.parse(this.#text.slice(start, this.#at));
      // Go writes U+FFFD where half of a pair stands alone (unquote of encoding/json).
      return typeof text === "string" ? text.replace(loneHalf, "\uFFFD") : "";
    } catch {
      throw new Stop("malformed-json", "a text has an escape or a character that JSON forbids");
    }
  }

  #number(): number {
    numberForm.lastIndex = this.#at;
    const [found = ""] = numberForm.exec(this.#text) ?? [];
    if (found === "") throw new Stop("malformed-json", `no value at character ${this.#at + 1}`);
    this.#at += found.length;
    return Number(found);
  }

  #skip(): void {
    noBreak.lastIndex = this.#at;
    this.#at += noBreak.exec(this.#text)?.[0].length ?? 0;
  }

  #takes(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #expect(character: string): void {
    if (this.#takes(character)) return;
    throw new Stop("malformed-json", `expected ${character} at character ${this.#at + 1}`);
  }
}

const words: readonly (readonly [string, GoValue])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

/**
 * A key as Go compares it with the name of a struct's field, which is ASCII (encoding/json, foldName): upper and lower case
 * are one, `ſ` is s, `\u212A` (kelvin) is k. Nothing else is: a dotless i is no i there.
 */
export function foldKey(key: string): string {
  return key
    .replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replaceAll("\u017F", "s")
    .replaceAll("\u212A", "k");
}

/** True for an object, false for a list, a scalar or null. */
export function isGoObject(value: GoValue | undefined): value is GoObject {
  return typeof value === "object" && value !== null && "members" in value;
}
