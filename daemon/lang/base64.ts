// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * Decodes base64 (RFC 4648, section 4); undefined when the text is none. Up to two `=` at the end do not count; bits
 * that are left over must be zero.
 */
export function decodeBase64(text: ByteString): ByteString | undefined {
  const digits = text.replace(/={1,2}$/, "");
  if (digits.length % 4 === 1 || (digits === "" && text !== "")) return undefined;
  let bytes = "";
  let bits = 0;
  let bitCount = 0;
  for (const digit of digits) {
    const value = alphabet.indexOf(digit);
    if (value < 0) return undefined;
    bits = ((bits << 6) | value) & 0xfff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes += String.fromCharCode((bits >> bitCount) & 0xff);
    }
  }
  return (bits & ((1 << bitCount) - 1)) === 0 ? bytes : undefined;
}
