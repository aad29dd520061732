// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import { decodeBase64 } from "./base64.ts";
import type { FieldType, Getter, Value } from "./field.ts";
import { getopt, type GivenOption } from "./getopt.ts";
import { lower } from "./glob.ts";

/** An argument of a transformer, its fields looked up. */
export type TransformerArg<E> =
  | {
      readonly kind: "operand";
      readonly type: FieldType;
      readonly isList: boolean;
      readonly get: Getter<E>;
      /** A field, not the result of a transformer. */
      readonly isField: boolean;
    }
  | { readonly kind: "literal"; readonly value: ByteString }
  | { readonly kind: "list"; readonly items: readonly Getter<E>[] };

/** What a transformer yields. */
export interface Transformed<E> {
  readonly type: FieldType;
  readonly isList: boolean;
  readonly get: Getter<E>;
}

/** One transformer: `build` checks its arguments; a string says what is wrong with them. */
export interface TransformerSpec {
  readonly build: <E>(
    args: readonly TransformerArg<E>[],
    index: ByteString | undefined,
  ) => Transformed<E> | string;
}

/** A transformer of one text; `type` is that of the result. */
function ofText(
  types: readonly FieldType[],
  transform: (text: ByteString) => ByteString | undefined,
): TransformerSpec {
  return {
    build: <E>(args: readonly TransformerArg<E>[], index: ByteString | undefined) => {
      const arg = onlyArg(args);
      if (index !== undefined) return noIndex;
      if (arg === undefined) return "it takes one field or text";
      const { type, isList, get } = arg;
      if (isList || !types.includes(type)) return `it takes a field of type ${types.join(" or ")}`;
      const read: Getter<E> = (subject) => {
        const value = get(subject);
        return typeof value === "string" ? ended(transform(value), type) : undefined;
      };
      return { type, isList: false, get: read };
    },
  };
}

/** The argument of a transformer that takes one. */
function onlyArg<E>(args: readonly TransformerArg<E>[]): Transformed<E> | undefined {
  const [arg] = args;
  if (args.length !== 1 || arg === undefined) return undefined;
  if (arg.kind === "operand") return arg;
  if (arg.kind === "literal") return { type: "string", isList: false, get: () => arg.value };
  const get = listGetter(arg);
  return get && { type: "string", isList: true, get };
}

/** A text ends at its first NUL; bytes do not. */
function ended(text: ByteString | undefined, type: FieldType): ByteString | undefined {
  const end = type === "string" && text !== undefined ? text.indexOf("\0") : -1;
  return end < 0 ? text : text?.slice(0, end);
}

const noIndex = "only getopt() takes an argument in brackets";

const length: TransformerSpec = {
  build: <E>(args: readonly TransformerArg<E>[], index: ByteString | undefined) => {
    const arg = onlyArg(args);
    if (index !== undefined) return noIndex;
    if (arg === undefined) return "it takes one field, text or list";
    const { type, isList, get } = arg;
    if (!isList && type !== "string" && type !== "bytes") return "it takes text, bytes or a list";
    const read: Getter<E> = (subject) => {
      const value = get(subject);
      return typeof value === "string" || typeof value === "object" ? value.length : undefined;
    };
    return { type: "u64", isList: false, get: read };
  },
};

/** A getter of the texts of a list, a field or written out; a missing element makes the list missing. */
function listGetter<E>(arg: TransformerArg<E> | undefined): Getter<E> | undefined {
  if (arg?.kind === "operand") return arg.isList && arg.isField ? arg.get : undefined;
  if (arg?.kind !== "list") return undefined;
  const { items } = arg;
  return (subject) => {
    const values: ByteString[] = [];
    for (const get of items) {
      const text = toText(get(subject));
      if (text === undefined) return undefined;
      values.push(text);
    }
    return values;
  };
}

function toText(value: Value | undefined): ByteString | undefined {
  return value === undefined || typeof value === "object" ? undefined : String(value);
}

/** A getter of one text: a literal or a field of text. */
function textGetter<E>(arg: TransformerArg<E> | undefined): Getter<E> | undefined {
  if (arg?.kind === "literal") return () => arg.value;
  if (arg?.kind !== "operand" || arg.isList || arg.type !== "string") return undefined;
  return arg.get;
}

const join: TransformerSpec = {
  build: <E>(args: readonly TransformerArg<E>[], index: ByteString | undefined) => {
    if (index !== undefined) return noIndex;
    const separator = textGetter(args[0]);
    const list = listGetter(args[1]);
    if (args.length !== 2 || separator === undefined || list === undefined) {
      return "it takes a separator and a list";
    }
    const get: Getter<E> = (subject) => {
      const between = separator(subject);
      const values = list(subject);
      if (typeof between !== "string" || typeof values !== "object") return undefined;
      return values.map(String).join(between);
    };
    return { type: "string", isList: false, get };
  },
};

const concat: TransformerSpec = {
  build: <E>(args: readonly TransformerArg<E>[], index: ByteString | undefined) => {
    if (index !== undefined) return noIndex;
    const parts = args.flatMap((arg) => textGetter(arg) ?? []);
    if (parts.length !== args.length || parts.length < 2) return "it takes two or more texts";
    const get: Getter<E> = (subject) => {
      let text = "";
      for (const part of parts) {
        const value = part(subject);
        if (typeof value !== "string") return undefined;
        text += value;
      }
      return text;
    };
    return { type: "string", isList: false, get };
  },
};

const options: TransformerSpec = {
  build: <E>(args: readonly TransformerArg<E>[], index: ByteString | undefined) => {
    const list = listGetter(args[0]);
    const letters = textGetter(args[1]);
    const isOfTexts = args[0]?.kind !== "operand" || args[0].type === "string";
    if (args.length !== 2 || list === undefined || letters === undefined || !isOfTexts) {
      return "it takes a list of texts and a text of option letters";
    }
    if (index !== undefined && index.length !== 1) return "its index is one letter";
    const get: Getter<E> = (subject) => {
      const words = list(subject);
      const known = letters(subject);
      if (typeof words !== "object" || typeof known !== "string") return undefined;
      const found = getopt(words.map(String), known);
      return index === undefined ? found.flatMap(shownOption) : valueOf(found, index);
    };
    return { type: "string", isList: index === undefined, get };
  },
};

/** The letter and its value; of an option whose value is absent the empty text alone, as upstream (quirk). */
function shownOption({ letter, value, isCutShort }: GivenOption): readonly ByteString[] {
  if (isCutShort === true) return [""];
  return value === undefined ? [letter] : [letter, value];
}

/** The last value of an option; the letter where it takes none. */
function valueOf(found: readonly GivenOption[], wanted: ByteString): ByteString | undefined {
  const last = found.findLast(({ letter, isKnown }) => isKnown && letter === wanted);
  return last && (last.value ?? last.letter);
}

/** Meaning of every transformer. */
export const transformers: ReadonlyMap<string, TransformerSpec> = new Map([
  ["tolower", ofText(["string"], lower)],
  ["toupper", ofText(["string"], upper)],
  ["basename", ofText(["string"], (text) => text.slice(text.lastIndexOf("/") + 1))],
  ["b64", ofText(["string", "bytes"], decodeBase64)],
  ["len", length],
  ["join", join],
  ["concat", concat],
  ["getopt", options],
]);

function upper(text: ByteString): ByteString {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}
