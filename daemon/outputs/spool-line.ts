// SPDX-License-Identifier: Apache-2.0
import { crc32 } from "node:zlib";
import type { Delivery } from "./delivery-queue.ts";

/** Longest line that is spooled, bytes: the bound of what is read in one go. */
export const spoolLineBytesMax = 1024 * 1024;

// line := checksum " " key " " body "\n"      checksum: CRC-32 of `key " " body`, eight hexadecimal digits
const checksumLength = 8;
const keyPattern = /^[\w-]{1,64}$/;

/** One alert as the spool keeps it. A body has no line breaks: it is one line of JSON. */
export function encodeSpoolLine({ key, body }: Delivery): Buffer {
  const text = Buffer.from(`${" ".repeat(checksumLength + 1)}${key} ${body}\n`, "utf8");
  text.write(checksum(text.subarray(checksumLength + 1, -1)), 0, "latin1");
  return text;
}

/** Reads a line without its line break; undefined when it was torn or changed. */
function decodeSpoolLine(line: Buffer): Delivery | undefined {
  const content = line.subarray(checksumLength + 1);
  if (line.toString("latin1", 0, checksumLength) !== checksum(content)) return undefined;
  const end = content.indexOf(" ");
  const key = content.toString("latin1", 0, Math.max(0, end));
  if (!keyPattern.test(key)) return undefined;
  return { key, body: content.toString("utf8", end + 1) };
}

function checksum(bytes: Buffer): string {
  return crc32(bytes).toString(16).padStart(checksumLength, "0");
}

/** What a piece of a segment holds. */
export interface SpoolLines {
  /** Whole and unharmed ones, with the offset behind each, from the start of the piece. */
  readonly lines: readonly { readonly delivery: Delivery; readonly end: number }[];
  /** Lines that were torn or changed. */
  readonly damagedCount: number;
  /** Bytes that are done with: up to the last line break, or all of a piece that is one endless line. */
  readonly bytesRead: number;
}

/** Reads the lines of a piece; `isLast` says that nothing comes behind it. */
export function readSpoolLines(piece: Buffer, isLast: boolean): SpoolLines {
  const lines: { delivery: Delivery; end: number }[] = [];
  let damagedCount = 0;
  let start = 0;
  for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, start)) {
    const delivery = decodeSpoolLine(piece.subarray(start, end));
    start = end + 1;
    if (delivery === undefined) damagedCount += 1;
    else lines.push({ delivery, end: start });
  }
  const isRestUseless = start < piece.length && (isLast || start === 0);
  return {
    lines,
    damagedCount: damagedCount + (isRestUseless ? 1 : 0),
    bytesRead: isRestUseless ? piece.length : start,
  };
}
