// SPDX-License-Identifier: Apache-2.0

/** The first engine that shows its authorization plugins every body or refuses the request (CVE-2026-34040). */
export const showsAllSince = "29.3.1";

/** Whether an engine of this version hides some bodies from its authorization plugins; one that says nothing does. */
export function hidesBodies(version: string): boolean {
  const numbers = numbersOf(version);
  if (numbers === undefined) return true;
  const shows = numbersOf(showsAllSince) ?? [];
  const at = numbers.findIndex((number, index) => number !== shows[index]);
  return at >= 0 && (numbers[at] ?? 0) < (shows[at] ?? 0);
}

function numbersOf(version: string): readonly number[] | undefined {
  const found = /^v?([0-9]{1,5})\.([0-9]{1,5})(?:\.([0-9]{1,5}))?/.exec(version);
  return found?.slice(1, 4).map((text: string | undefined) => Number(text ?? "0"));
}
