// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Decodes base64 (RFC 4648, section 4; padding may be left out); undefined when the text is none. */
export function decodeBase64(text: ByteString): ByteString | undefined {
  const digits = text.replace(/={1,2}$/, "");
  if (digits.length % 4 === 1) return undefined;
  if (digits.length !== text.length && text.length % 4 !== 0) return undefined;
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
  return bytes;
}
