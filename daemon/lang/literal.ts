// SPDX-License-Identifier: Apache-2.0
import { fromByteString, type ByteString } from "../util/byte-string.ts";
import { parseAddress, parseNetwork, type Network } from "./address.ts";
import type { FieldType, Scalar } from "./field.ts";
import { servicePorts } from "./service-ports.ts";

/** A literal as the type of the field it is compared with reads it; `expected` says what would be right. */
export type Literal =
  | {
      readonly ok: true;
      readonly value: Scalar | Network;
      /** The text says another number, which the type cannot hold. */
      readonly isCut?: boolean;
    }
  | { readonly ok: false; readonly expected: string };

/** Bytes that one literal may hold. */
const literalBytesMax = 255;

/** Converts the text of a literal; the text is refused when it is no value of the type. */
export function readLiteral(type: FieldType, text: ByteString): Literal {
  if (text.length > literalBytesMax) return no(`at most ${literalBytesMax} bytes`);
  if (text.includes("\0")) return no("text without a NUL byte");
  return readers[type](text);
}

/** Reads the literal of `bcontains` and `bstartswith`: hex digits in pairs. */
export function readHexLiteral(text: ByteString): Literal {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) return no("an even number of hex digits");
  if (text.length > 2 * literalBytesMax) return no(`at most ${literalBytesMax} bytes`);
  const bytes = text.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
  return yes(bytes);
}

const readers: Readonly<Record<FieldType, (text: ByteString) => Literal>> = {
  string: yes,
  bytes: yes,
  dynamic: yes,
  bool: (text) =>
    text === "true" || text === "false" ? yes(text === "true") : no("true or false"),
  ip: (text) => orNo(parseAddress(text), "an IP address"),
  net: (text) => orNo(parseNetwork(text), "a network such as 10.0.0.0/8"),
  port: readPort,
  // Eight and sixteen bits are read as 32 and cut off, as upstream does (quirk).
  i8: (text) => readInteger(text, { bits: 32, isSigned: true, cut: 8 }),
  u8: (text) => readInteger(text, { bits: 32, isSigned: false, cut: 8 }),
  u16: (text) => readInteger(text, { bits: 32, isSigned: false, cut: 16 }),
  i16: (text) => readInteger(text, { bits: 32, isSigned: true, cut: 16 }),
  i32: (text) => readInteger(text, { bits: 32, isSigned: true, cut: 32 }),
  i64: (text) => readInteger(text, { bits: 64, isSigned: true, cut: 64 }),
  f64: (text) => readInteger(text, { bits: 64, isSigned: true, cut: 64 }),
  u32: (text) => readInteger(text, { bits: 32, isSigned: false, cut: 32 }),
  u64: (text) => readInteger(text, { bits: 64, isSigned: false, cut: 64 }),
  duration: (text) => readInteger(text, { bits: 64, isSigned: false, cut: 64 }),
  time: (text) => readInteger(text, { bits: 64, isSigned: false, cut: 64 }),
};

/** All digits (none is 0), or the name of a service. Digits are read as 32 bits and cut off, as upstream (quirk). */
function readPort(text: ByteString): Literal {
  const expected = "a port number or the name of a service";
  if (!/^[0-9]*$/.test(text)) return orNo(servicePorts.get(text), expected);
  const value = BigInt(text);
  return value < 1n << 31n ? yes(Number(value & 0xffffn)) : no(expected);
}

/** A literal for a message: decoded. */
export function literalWords(text: ByteString): string {
  return `"${fromByteString(text)}"`;
}

function yes(value: Scalar | Network): Literal {
  return { ok: true, value };
}

function no(expected: string): Literal {
  return { ok: false, expected };
}

function orNo(value: Scalar | Network | undefined, expected: string): Literal {
  return value === undefined ? no(expected) : yes(value);
}

interface IntegerForm {
  readonly bits: number;
  readonly isSigned: boolean;
  readonly cut: number;
}

/**
 * Reads an integer as sscanf(3) does: blanks, a sign, digits. What 64 bits cannot hold becomes the nearest value that
 * they can, then the bits beyond the type are cut off: nothing is too big, as upstream (quirk).
 */
function readInteger(text: ByteString, { bits, isSigned, cut }: IntegerForm): Literal {
  const trimmed = text.replace(/^[ \t\n\v\f\r]+/, "");
  if (!/^[-+]?[0-9]+$/.test(trimmed)) return no(`a whole number of ${bits} bits`);
  const value = BigInt(trimmed.replace("+", ""));
  const read = isSigned ? readSigned(value, cut) : readUnsigned(value, cut);
  // -1 as the largest number there is, that is meant.
  const isMeant = !isSigned && value < 0n && value >= -(1n << BigInt(cut - 1));
  return { ok: true, value: narrow(read), isCut: read !== value && !isMeant };
}

function readSigned(value: bigint, bits: number): bigint {
  return BigInt.asIntN(bits, clamp(value, -(1n << 63n), (1n << 63n) - 1n));
}

/** strtoul(3): the sign is put before what was read. */
function readUnsigned(value: bigint, bits: number): bigint {
  const largest = (1n << 64n) - 1n;
  return BigInt.asUintN(bits, value > largest || value < -largest ? largest : value);
}

function clamp(value: bigint, least: bigint, most: bigint): bigint {
  if (value < least) return least;
  return value > most ? most : value;
}

/** The same integer as a number where that is exact. */
export function narrow(value: bigint): number | bigint {
  const isSafe = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
  return isSafe ? Number(value) : value;
}
