// SPDX-License-Identifier: Apache-2.0
import { fromByteString, type ByteString } from "../util/byte-string.ts";
import type { FieldValue } from "../model/alert.ts";
import { formatAddress } from "../lang/address.ts";
import type { FieldType, PrintStyle, Scalar, Value } from "../lang/field.ts";

/** How values of one field are shown. */
export interface ValueForm {
  readonly type: FieldType;
  readonly style: PrintStyle | undefined;
}

/** A value as an output text shows it; lists as `(a,b)`. */
export function printValue(value: Value, form: ValueForm): ByteString {
  if (typeof value !== "object") return printScalar(value, form);
  return `(${value.map((item) => printScalar(item, form)).join(",")})`;
}

/** A value as alerts carry it: texts decoded, numbers that are shown in a special way as text. */
export function fieldValue(value: Value, form: ValueForm): FieldValue {
  return typeof value === "object"
    ? value.map((item) => scalarValue(item, form))
    : scalarValue(value, form);
}

function scalarValue(value: Scalar, form: ValueForm): FieldValue {
  const { type, style } = form;
  const isText = typeof value === "string" || style === "hex" || style === "padded";
  return isText || type === "bytes" ? fromByteString(printScalar(value, form)) : value;
}

function printScalar(value: Scalar, { type, style }: ValueForm): ByteString {
  if (typeof value === "string") {
    if (type === "ip" || type === "net") return formatAddress(value);
    return type === "bytes" ? value.replace(/[^\x20-\x7e]/g, ".") : value;
  }
  if (typeof value !== "boolean" && type === "f64") return oneDecimal(Number(value));
  if (style === "padded") return String(value).padStart(9, "0");
  if (style !== "hex") return String(value);
  return BigInt.asUintN(32, BigInt(value)).toString(16).toUpperCase();
}

/** As printf(3) prints `%.1f`: a value in the middle of two goes to the even one. */
function oneDecimal(value: number): string {
  if (Math.abs(value) >= 1e21) return `${String(BigInt(value))}.0`;
  const isMiddle = Math.abs(value % 0.5) === 0.25;
  if (!isMiddle) return value.toFixed(1);
  const whole = Math.trunc(value * 10);
  return ((whole % 2 === 0 ? whole : whole + Math.sign(value)) / 10).toFixed(1);
}
