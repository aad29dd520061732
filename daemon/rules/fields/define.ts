// SPDX-License-Identifier: Apache-2.0
import { fromByteString, toByteString, type ByteString } from "../../util/byte-string.ts";
import type { FieldReader, FieldSpec, FieldType, Getter } from "../../lang/field.ts";

/** One row of a table of plain fields: name, type, description, how to read it. */
export type FieldRow<E> = readonly [
  name: string,
  type: FieldType,
  description: string,
  get: Getter<E>,
  cost?: number,
];

/** Fields without arguments. */
export function plainFields<E>(rows: readonly FieldRow<E>[]): readonly FieldSpec<E>[] {
  return rows.map(([name, type, description, get, cost]) => ({
    name,
    type,
    description,
    bind: () => ({ kind: "one", get }),
    ...(cost === undefined ? {} : { cost }),
  }));
}

/** A field whose argument is a name of any spelling. */
export function namedField<E>(parts: {
  readonly name: string;
  readonly type: FieldType;
  readonly description: string;
  readonly get: (subject: E, argument: ByteString) => ReturnType<Getter<E>>;
  readonly cost?: number;
  readonly isDotted?: boolean;
}): FieldSpec<E> {
  const { get, ...spec } = parts;
  return {
    ...spec,
    argument: "required",
    bind: (argument = "") => ({ kind: "one", get: (subject) => get(subject, argument) }),
  };
}

/** One label's value. Names are the user's and the attacker's: what every object inherits is no label. */
export function labelOf(
  labels: Readonly<Record<string, string>> | undefined,
  key: ByteString,
): ByteString | undefined {
  const name = fromByteString(key);
  if (labels === undefined || !Object.hasOwn(labels, name)) return undefined;
  const value = labels[name];
  return value === undefined ? undefined : toByteString(value);
}

/** A field of several texts: a check holds when it holds for any of them. */
export function anyField<E>(
  name: string,
  description: string,
  get: (subject: E) => readonly string[],
): FieldSpec<E> {
  const reader: FieldReader<E> = {
    kind: "any",
    some: (subject, test) => get(subject).map(toByteString).some(test),
    print: (subject) => {
      const values = get(subject).map(toByteString);
      return values.length === 0 ? undefined : values.join(" ");
    },
  };
  return { name, type: "string", description, cost: 3, bind: () => reader };
}

/** A reader of one value. */
export function readOne<E>(get: Getter<E>): FieldReader<E> {
  return { kind: "one", get };
}

/** The index in a field's argument, at most four digits; undefined when it is none. */
export function indexOf(argument: ByteString): number | undefined {
  return /^[0-9]{1,4}$/.test(argument) ? Number(argument) : undefined;
}

/**
 * Fields that Falco knows and that no exec event can fill: rules that use them load, and the checks are false. Each
 * line is `name type flags`; flags are those of the specification (A? A! L F P D nt nr), `.` for a dotted argument, `in0` and
 * `in1` for the two kinds of `membership`.
 */
export function unfilledFields(reason: string, table: string): readonly FieldSpec<unknown>[] {
  return table
    .trim()
    .split("\n")
    .map((line) => {
      const [name = "", type = "", ...flags] = line.trim().split(/\s+/);
      const field = unfilledField(name, typeWords[type] ?? "string", new Set(flags));
      return { ...field, description: `never filled: ${reason}` };
    });
}

/** The type that a word of the tables names (`str`, `u64`, `ns@`); undefined when it is none. */
export function fieldTypeOfWord(word: string): FieldType | undefined {
  return typeWords[word];
}

const typeWords: Readonly<Partial<Record<string, FieldType>>> = {
  str: "string",
  bytes: "bytes",
  i8: "i8",
  u8: "u8",
  u16: "u16",
  i16: "i16",
  i32: "i32",
  i64: "i64",
  u32: "u32",
  u64: "u64",
  f64: "f64",
  bool: "bool",
  ip: "ip",
  net: "net",
  port: "port",
  ns: "duration",
  "ns@": "time",
  dyn: "dynamic",
};

function unfilledField(
  name: string,
  type: FieldType,
  flags: ReadonlySet<string>,
): Omit<FieldSpec<unknown>, "description"> {
  return {
    name,
    type,
    isList: flags.has("L"),
    isDeprecated: flags.has("D"),
    isFilterOnly: flags.has("F"),
    isPrintOnly: flags.has("P"),
    isDotted: flags.has("."),
    refusesTransformers: flags.has("nt"),
    refusesRightFields: flags.has("nr"),
    ...(flags.has("in0") ? { membership: "never" } : {}),
    ...(flags.has("in1") ? { membership: "first" } : {}),
    ...(flags.has("A!") ? { argument: "required" } : {}),
    ...(flags.has("A?") ? { argument: "optional" } : {}),
  };
}
