// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import { decodeBase64 } from "./base64.ts";
import type { FieldType, Getter, Value } from "./field.ts";
import { getopt } from "./getopt.ts";
import { lower } from "./glob.ts";

/** An argument of a transformer, its fields looked up. */
export type TransformerArg<E> =
  | {
      readonly kind: "operand";
      readonly type: FieldType;
      readonly isList: boolean;
      readonly get: Getter<E>;
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
      const [arg] = args;
      if (index !== undefined) return noIndex;
      if (args.length !== 1 || arg?.kind !== "operand") return "it takes one field";
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

/** A text ends at its first NUL; bytes do not. */
function ended(text: ByteString | undefined, type: FieldType): ByteString | undefined {
  const end = type === "string" && text !== undefined ? text.indexOf("\0") : -1;
  return end < 0 ? text : text?.slice(0, end);
}

const noIndex = "only getopt() takes an argument in brackets";

const length: TransformerSpec = {
  build: <E>(args: readonly TransformerArg<E>[], index: ByteString | undefined) => {
    const [arg] = args;
    if (index !== undefined) return noIndex;
    if (args.length !== 1 || arg?.kind !== "operand") return "it takes one field";
    const { type, isList, get } = arg;
    if (!isList && type !== "string" && type !== "bytes") return "it takes text, bytes or a list";
    const read: Getter<E> = (subject) => {
      const value = get(subject);
      return typeof value === "string" || typeof value === "object" ? value.length : undefined;
    };
    return { type: "u64", isList: false, get: read };
  },
};

/** A getter of the texts of a list; a missing element makes the list missing. */
function listGetter<E>(arg: TransformerArg<E> | undefined): Getter<E> | undefined {
  if (arg?.kind === "operand") return arg.isList ? arg.get : undefined;
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
    const letters = args[1];
    if (args.length !== 2 || list === undefined || letters?.kind !== "literal") {
      return "it takes a list and a string of option letters";
    }
    const get: Getter<E> = (subject) => {
      const words = list(subject);
      if (typeof words !== "object") return undefined;
      const found = getopt(words.map(String), letters.value);
      if (index !== undefined) return found.findLast(({ letter }) => letter === index)?.value;
      return found.flatMap(({ letter, takesValue, value }) =>
        takesValue ? [letter, value] : letter,
      );
    };
    return { type: "string", isList: index === undefined, get };
  },
};

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
