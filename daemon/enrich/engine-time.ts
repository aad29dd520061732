// SPDX-License-Identifier: Apache-2.0

const nsPerMs = 1_000_000n;
const nsPerSecond = 1_000_000_000n;
const fractionDigits = 9;

/**
 * Reads a time as the engine writes it (RFC 3339 with up to nine digits of a second) as nanoseconds since the
 * epoch. Undefined for anything else, and for the year 1, which is how Go writes "never".
 */
export function parseEngineTime(text: string): bigint | undefined {
  const dot = text.indexOf(".");
  const zoneStart = dot < 0 ? text.length : endOfDigits(text, dot + 1);
  const fraction = dot < 0 ? "" : text.slice(dot + 1, zoneStart);
  if (fraction.length > fractionDigits) return undefined;
  const wholeMs = Date.parse(dot < 0 ? text : text.slice(0, dot) + text.slice(zoneStart));
  if (Number.isNaN(wholeMs) || wholeMs <= 0) return undefined;
  return BigInt(wholeMs) * nsPerMs + BigInt(fraction.padEnd(fractionDigits, "0"));
}

/** Whole seconds since the epoch as nanoseconds; undefined for what is no such number. */
export function secondsToNs(value: unknown): bigint | undefined {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value <= 0) return undefined;
  return BigInt(value) * nsPerSecond;
}

function endOfDigits(text: string, start: number): number {
  let end = start;
  while (end < text.length && text.charAt(end) >= "0" && text.charAt(end) <= "9") end += 1;
  return end;
}
