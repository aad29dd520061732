// SPDX-License-Identifier: Apache-2.0

/** Units of a written size, in bytes each. */
const unitsBytes: ReadonlyMap<string, number> = new Map([
  ["B", 1],
  ["KiB", 2 ** 10],
  ["MiB", 2 ** 20],
  ["GiB", 2 ** 30],
]);

/** Digits beyond this many cannot be a sensible size in any unit, and would not be exact numbers. */
const digitsMax = 6;

/** Reads `512KiB`, `64MiB` or `1GiB` as bytes; undefined for any other text. */
export function parseByteSize(text: string): number | undefined {
  // size := digit { digit } ( "B" | "KiB" | "MiB" | "GiB" )
  let end = 0;
  while (end < text.length && text.charAt(end) >= "0" && text.charAt(end) <= "9") end += 1;
  const unitBytes = unitsBytes.get(text.slice(end));
  if (unitBytes === undefined || end === 0 || end > digitsMax) return undefined;
  return Number(text.slice(0, end)) * unitBytes;
}
