// util: words every room may use. Comes in: plain values. Goes out: plain values.
// Must not know: any domain word (no event, rule, container, kernel).
// SPDX-License-Identifier: Apache-2.0

/**
 * Text as the kernel holds it: one UTF-16 unit per byte (0..255), no encoding assumed.
 * Paths, argv, comm and environment are byte strings from the moment they are read until an output
 * prints them, so that comparing, slicing and matching are exact for bytes that are not UTF-8.
 */
export type ByteString = string;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** Encodes ordinary text as UTF-8 and returns those bytes as a byte string. Pure ASCII is returned as it is. */
export function toByteString(text: string): ByteString {
  if (isAscii(text)) return text;
  let bytes = "";
  for (const byte of encoder.encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}

/** Decodes a byte string as UTF-8; bytes that are not UTF-8 become U+FFFD. Pure ASCII is returned as it is. */
export function fromByteString(bytes: ByteString): string {
  if (isAscii(bytes)) return bytes;
  const buffer = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) buffer[i] = bytes.charCodeAt(i) & 0xff;
  return decoder.decode(buffer);
}

/** Orders texts by their UTF-8 bytes, for sorting. */
export function compareBytes(a: string, b: string): number {
  const left = toByteString(a);
  const right = toByteString(b);
  return left < right ? -1 : Number(left > right);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
