// SPDX-License-Identifier: Apache-2.0
import { fromByteString, type ByteString } from "../util/byte-string.ts";
import { parseAddress, parseNetwork, type Network } from "./address.ts";
import type { FieldType, Scalar } from "./field.ts";
import { servicePorts } from "./service-ports.ts";

/** A literal as the type of the field it is compared with reads it; `expected` says what would be right. */
export type Literal =
  | { readonly ok: true; readonly value: Scalar | Network }
  | { readonly ok: false; readonly expected: string };

/** Bytes that one literal may hold. */
const literalBytesMax = 255;

/** Converts the text of a literal; the text is refused when it is no value of the type. */
export function readLiteral(type: FieldType, text: ByteString): Literal {
  if (text.length > literalBytesMax) return no(`at most ${literalBytesMax} bytes`);
  if (text.includes("\0")) return no("text without a NUL byte");
  return readers[type](text);
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

/** All digits (none is 0), or the name of a service. */
function readPort(text: ByteString): Literal {
  if (/^[0-9]*$/.test(text)) return yes(Number(text.slice(-15)) & 0xffff);
  return orNo(servicePorts.get(text), "a port number or the name of a service");
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

function readInteger(text: ByteString, { bits, isSigned, cut }: IntegerForm): Literal {
  const trimmed = text.replace(/^[ \t\n\v\f\r]+/, "");
  const expected = `a whole number of ${bits} bits`;
  if (!/^[-+]?[0-9]{1,40}$/.test(trimmed)) return no(expected);
  const value = BigInt(trimmed.replace("+", ""));
  if (isSigned) {
    if (value !== BigInt.asIntN(bits, value)) return no(expected);
    return yes(narrow(BigInt.asIntN(cut, value)));
  }
  const wrapped = BigInt.asUintN(bits, value);
  const isInRange = value < 0n ? -value <= 1n << BigInt(bits - 1) : value === wrapped;
  return isInRange ? yes(narrow(BigInt.asUintN(cut, wrapped))) : no(expected);
}

/** The same integer as a number where that is exact. */
export function narrow(value: bigint): number | bigint {
  const isSafe = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
  return isSafe ? Number(value) : value;
}
