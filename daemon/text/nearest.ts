// SPDX-License-Identifier: Apache-2.0

const wordLengthMax = 64;

/** The candidate nearest to a mistyped word, or undefined when none is near: at most a third of it may differ. */
export function nearestName(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > wordLengthMax) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate, bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** ` : did you mean "x"?`-style ending for a message, or "" when nothing is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const name = nearestName(word, candidates);
  return name === undefined ? "" : `: did you mean "${name}"?`;
}

/** Edit distance with swaps of neighbours (optimal string alignment); `bound` or more is reported as `bound`. */
function editDistance(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) >= bound) return bound;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (isSame ? 0 : 1));
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      }
      row.push(cost);
    }
    if (Math.min(...row) >= bound) return bound;
    beforeLast = last;
    last = row;
  }
  return Math.min(bound, at(last, b.length));
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
