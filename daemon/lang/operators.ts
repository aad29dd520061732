// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import { isInNetwork, type Network } from "./address.ts";
import type { FieldType, Scalar } from "./field.ts";
import { compileGlob, lower } from "./glob.ts";
import { narrow } from "./literal.ts";
import { compilePathPrefix } from "./path-prefix.ts";
import { compileRegex } from "./regex.ts";

/** A question about one value of a field. Never throws. */
export type Test = (value: Scalar) => boolean;

/** A question about two values of one subject. Never throws. */
export type PairTest = (left: Scalar, right: Scalar) => boolean;

/** A literal of the right type; networks only for `net` fields. */
export type Operand = Scalar | Network;

/** Types that operators treat alike. */
export type TypeClass = "text" | "bytes" | "number" | "bool" | "ip" | "net";

/** What an operator means. */
export interface OperatorSpec {
  readonly types: readonly TypeClass[];
  /** May the left side be a list. */
  readonly takesLists: boolean;
  /** How the literal is read when it is not read as the field's own type. */
  readonly literal?: "hex";
  /** Compares with literals: one for plain operators, any number for list operators; a string says what is wrong. */
  readonly prepare: (operands: readonly Operand[], type: TypeClass) => Test | string;
  /** Compares with another field; absent where that is refused. */
  readonly pair?: PairTest;
  /** Beside a plain comparison (1). */
  readonly cost: number;
}

/** How operators see each type of field. */
export const typeClasses = {
  string: "text",
  dynamic: "text",
  bytes: "bytes",
  bool: "bool",
  ip: "ip",
  net: "net",
  i8: "number",
  u8: "number",
  u16: "number",
  i16: "number",
  i32: "number",
  i64: "number",
  u32: "number",
  u64: "number",
  f64: "number",
  port: "number",
  duration: "number",
  time: "number",
} as const satisfies Record<FieldType, TypeClass>;

const everyType = ["text", "bytes", "number", "bool", "ip", "net"] as const;
const textOnly = ["text"] as const;
const textAndBytes = ["text", "bytes"] as const;

/** Numbers and bigints compare by value. */
function isEqual(left: Scalar, right: Scalar): boolean {
  if (left === right) return true;
  return isNumeric(left) && isNumeric(right) && left == right;
}

function isNumeric(value: Scalar): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

const compareOrder = {
  "<": (left: Scalar, right: Scalar) => left < right,
  "<=": (left: Scalar, right: Scalar) => left <= right,
  ">": (left: Scalar, right: Scalar) => left > right,
  ">=": (left: Scalar, right: Scalar) => left >= right,
} as const;

function equality(isNegated: boolean): OperatorSpec {
  return {
    types: everyType,
    takesLists: false,
    cost: 1,
    prepare: ([operand]) => {
      const test = memberTest(operand === undefined ? [] : [operand]);
      return isNegated ? (value) => !test(value) : test;
    },
    pair: (left, right) => isEqual(left, right) !== isNegated,
  };
}

function ordering(name: keyof typeof compareOrder): OperatorSpec {
  const compare = compareOrder[name];
  return {
    types: ["text", "number"],
    takesLists: false,
    cost: 1,
    prepare: ([operand = ""]) =>
      typeof operand === "object" ? () => false : (value) => compare(value, operand),
    pair: compare,
  };
}

/** How an operator on text treats its literal, and the text of another field in its place. */
interface TextOptions {
  readonly cost: number;
  readonly literal?: "hex";
  /** Compares with another field; left out: as with a literal of the same text. */
  readonly pair?: ((value: ByteString, text: ByteString) => boolean) | "refused";
}

/** Operators on text: the pattern is prepared once, and once per value when it comes from another field. */
function onText(
  types: readonly TypeClass[],
  prepareText: (text: ByteString) => ((value: ByteString) => boolean) | string,
  { cost, literal, pair }: TextOptions,
): OperatorSpec {
  const prepare = (operands: readonly Operand[]): Test | string => {
    const [text] = operands;
    const test = typeof text === "string" ? prepareText(text) : () => false;
    return typeof test === "string" ? test : (value) => typeof value === "string" && test(value);
  };
  const usualPair: PairTest = (left, right) => {
    const test = prepare([right]);
    return typeof test !== "string" && test(left);
  };
  const ownPair: PairTest = (left, right) =>
    typeof pair === "function" &&
    typeof left === "string" &&
    typeof right === "string" &&
    pair(left, right);
  return {
    types,
    takesLists: false,
    cost,
    prepare,
    ...(literal === undefined ? {} : { literal }),
    ...(pair === "refused" ? {} : { pair: pair === undefined ? usualPair : ownPair }),
  };
}

function memberTest(operands: readonly Operand[]): Test {
  const networks = operands.filter((item) => typeof item === "object");
  if (networks.length > 0) {
    return (value) =>
      typeof value === "string" && networks.some((network) => isInNetwork(value, network));
  }
  const scalars = operands.filter((item) => typeof item !== "object");
  const [only] = scalars;
  if (only !== undefined && scalars.length === 1) return (value) => isEqual(value, only);
  const members = new Set<Scalar>(scalars);
  return (value) => members.has(typeof value === "bigint" ? narrow(value) : value);
}

const membership: OperatorSpec = {
  types: everyType,
  takesLists: true,
  cost: 1,
  prepare: memberTest,
  pair: isEqual,
};

const pathPrefix: OperatorSpec = {
  types: textOnly,
  takesLists: false,
  cost: 10,
  prepare: (operands) => {
    const test = compilePathPrefix(operands.filter((item) => typeof item === "string"));
    return (value) => typeof value === "string" && test(value);
  },
};

function prepareRegex(pattern: ByteString): ((value: ByteString) => boolean) | string {
  const regex = compileRegex(pattern);
  return regex.ok ? regex.test : regex.problem;
}

/** Bytes of a pattern that is the value of another field; it is prepared at each event, and an attacker may write it. */
const valuePatternMax = 255;

function valueGlob(isCaseFolded: boolean): (value: ByteString, pattern: ByteString) => boolean {
  return (value, pattern) =>
    pattern.length <= valuePatternMax && compileGlob(pattern, isCaseFolded)(value);
}

const startsWith = (text: ByteString) => (value: ByteString) => value.startsWith(text);
const contains = (text: ByteString) => (value: ByteString) => value.includes(text);

/** One class per byte, so that nothing is copied to fold its case; without repetition it cannot backtrack far. */
function foldedPattern(text: ByteString): string {
  const escape = (unit: string): string => `\\x${unit.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return text.replace(/[^]/g, (unit) => {
    const upper = unit.toUpperCase();
    return /[A-Za-z]/.test(unit) ? `[${lower(unit)}${upper}]` : escape(unit);
  });
}

/** Meaning of every operator that compares. */
export const operators: ReadonlyMap<string, OperatorSpec> = new Map<string, OperatorSpec>([
  ["=", equality(false)],
  ["==", equality(false)],
  ["!=", equality(true)],
  ["<", ordering("<")],
  ["<=", ordering("<=")],
  [">", ordering(">")],
  [">=", ordering(">=")],
  ["contains", onText(textAndBytes, contains, { cost: 3 })],
  [
    "icontains",
    onText(
      textOnly,
      (text) => {
        const pattern = new RegExp(foldedPattern(text));
        return (value) => pattern.test(value);
      },
      { cost: 8, pair: (value, text) => lower(value).includes(lower(text)) },
    ),
  ],
  ["bcontains", onText(["bytes"], contains, { cost: 3, literal: "hex" })],
  ["startswith", onText(textAndBytes, startsWith, { cost: 2 })],
  ["bstartswith", onText(["bytes"], startsWith, { cost: 2, literal: "hex" })],
  ["endswith", onText(textAndBytes, (text) => (value) => value.endsWith(text), { cost: 2 })],
  ["glob", onText(textOnly, (text) => compileGlob(text), { cost: 6, pair: valueGlob(false) })],
  [
    "iglob",
    onText(textOnly, (text) => compileGlob(text, true), { cost: 12, pair: valueGlob(true) }),
  ],
  ["regex", onText(textOnly, prepareRegex, { cost: 50, pair: "refused" })],
  ["in", membership],
  ["intersects", membership],
  ["pmatch", pathPrefix],
]);
