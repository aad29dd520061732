// SPDX-License-Identifier: Apache-2.0

/** Units of a written duration, in milliseconds each. */
const unitsMs: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** Digits beyond this many cannot be a sensible wait in any unit, and would not be exact numbers. */
const digitsMax = 9;

/** Reads `250ms`, `30s`, `10m` or `1h` as milliseconds; undefined for any other text. */
export function parseDurationMs(text: string): number | undefined {
  // duration := digit { digit } ( "ms" | "s" | "m" | "h" )
  let end = 0;
  while (end < text.length && isDigit(text.charAt(end))) end += 1;
  const unitMs = unitsMs.get(text.slice(end));
  if (unitMs === undefined || end === 0 || end > digitsMax) return undefined;
  return Number(text.slice(0, end)) * unitMs;
}

/** Prints milliseconds as `parseDurationMs` reads them, in the largest unit that divides them. */
export function formatDuration(milliseconds: number): string {
  let best = `${milliseconds}ms`;
  for (const [unit, unitMs] of unitsMs)
    if (milliseconds >= unitMs && milliseconds % unitMs === 0)
      best = `${milliseconds / unitMs}${unit}`;
  return best;
}

function isDigit(character: string): boolean {
  return character >= "0" && character <= "9";
}
