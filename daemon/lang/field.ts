// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";

/**
 * Types of fields. `u32`, `i64`… say how literals are read (range, wrapping); `duration` and `time` are nanoseconds;
 * `net` fields hold an address that is compared with networks; `dynamic` takes any literal as text.
 */
export type FieldType =
  | "string"
  | "bytes"
  | "i8"
  | "u8"
  | "u16"
  | "i16"
  | "i32"
  | "i64"
  | "u32"
  | "u64"
  | "f64"
  | "bool"
  | "ip"
  | "net"
  | "port"
  | "duration"
  | "time"
  | "dynamic";

/**
 * What a field yields. Strings, bytes and addresses (4 or 16 bytes, network order) are byte strings. Integers are
 * numbers where they are safe and bigints beyond; both compare by value.
 */
export type Scalar = ByteString | number | bigint | boolean;
export type Value = Scalar | readonly Scalar[];

/** Reads a field of a subject; undefined when it has no value there. Never throws. */
export type Getter<E> = (subject: E) => Value | undefined;

/** Asks a question of each of several values; true as soon as one answer is. Never throws. */
export type AnyGetter<E> = (subject: E, test: (value: Scalar) => boolean) => boolean;

/** How one use of a field reads its value. */
export type FieldReader<E> =
  /** One value, or a list. */
  | { readonly kind: "one"; readonly get: Getter<E> }
  /** Several (ancestors): a check holds when it holds for any. `print` is what outputs show. */
  | { readonly kind: "any"; readonly some: AnyGetter<E>; readonly print: Getter<E> }
  /** The two ends of a connection: as `any`, but `!=` holds when neither end is equal. */
  | { readonly kind: "ends"; readonly some: AnyGetter<E> }
  /** The argument is not one that this field takes. */
  | { readonly kind: "invalid-argument"; readonly expected: string };

/** `hex`: upper-case hexadecimal; `padded`: nine digits; `time`: a moment, in JSON the nanoseconds of the event. */
export type PrintStyle = "hex" | "padded" | "time";

/** How an argument was written: `field[argument]` or `field.argument`. */
export type ArgumentForm = "bracketed" | "dotted";

/** One field of a catalogue over subjects of type E. */
export interface FieldSpec<E> {
  readonly name: string;
  readonly type: FieldType;
  readonly description: string;
  readonly isList?: boolean;
  /** Whether `field[argument]` is possible; absent: it is not. */
  readonly argument?: "optional" | "required";
  /** The argument may also be written behind a dot: `evt.arg.flags`. */
  readonly isDotted?: boolean;
  /** The type of a `dynamic` field, which its argument decides. */
  readonly typeOf?: (argument: ByteString) => FieldType | undefined;
  readonly isDeprecated?: boolean;
  /** May not be printed in outputs. */
  readonly isFilterOnly?: boolean;
  /** May not be used in conditions. */
  readonly isPrintOnly?: boolean;
  readonly refusesTransformers?: boolean;
  /** May not stand on the right of an operator, nor on the left of one. */
  readonly refusesRightFields?: boolean;
  /** The only literals that make sense; others are refused. */
  readonly literals?: ReadonlySet<string>;
  /** How outputs show it, when not as it is. */
  readonly print?: PrintStyle;
  /**
   * What upstream does with `in` here, for it passes no length of the value, or one network only (quirk): it never
   * matches, or looks at the first item alone. Of a field with an optional argument: where that is left out.
   */
  readonly membership?: "never" | "first";
  /** What reading costs beside reading a plain property (1); dear checks are made last. */
  readonly cost?: number;
  /** How to read it; absent when no subject can ever have a value. */
  readonly bind?: (argument: ByteString | undefined, form?: ArgumentForm) => FieldReader<E>;
}

/** Finds fields by the name as written. */
export interface FieldCatalogue<E> {
  find(name: string): FoundField<E> | undefined;
  names(): Iterable<string>;
  /** Why a name that is not found might have been expected here. */
  explain?(name: string): string | undefined;
}

/** A field, and the argument when it was part of the dotted name. */
export interface FoundField<E> {
  readonly spec: FieldSpec<E>;
  readonly dottedArgument?: string;
}

/** Builds a catalogue; names must be unique. */
export function createCatalogue<E>(specs: readonly FieldSpec<E>[]): FieldCatalogue<E> {
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  return {
    names: () => byName.keys(),
    find(name) {
      const exact = byName.get(name);
      if (exact !== undefined) return { spec: exact };
      for (let dot = name.lastIndexOf("."); dot > 0; dot = name.lastIndexOf(".", dot - 1)) {
        const spec = byName.get(name.slice(0, dot));
        if (spec?.isDotted === true) return { spec, dottedArgument: name.slice(dot + 1) };
      }
      return undefined;
    },
  };
}
