// SPDX-License-Identifier: Apache-2.0

/** One line of the report. */
export interface Row {
  readonly what: string;
  /** Mostly a ratio, as it is printed. */
  readonly measured: string;
  /** How many samples, in words: `5 × 2000 execs`. */
  readonly samples: string;
  /** What to hold, and whether it is held; absent where there is nothing to hold. */
  readonly aim?: { readonly text: string; readonly isMet: boolean };
  /** What the ratio was made of. Times of this machine: good for nothing but this run. */
  readonly detail?: string;
}

const heads = ["what", "measured", "aim", "", "n", "made of"] as const;

/** The rows as a table for people. */
export function tableText(rows: readonly Row[]): string {
  const lines = [heads, ...rows.map(cellsOf)];
  const widths = heads.map((_head, column) =>
    Math.max(...lines.map((cells) => cells[column]?.length ?? 0)),
  );
  const text = lines.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return `${text.join("\n")}\n`;
}

function cellsOf({ what, measured, samples, aim, detail }: Row): readonly string[] {
  const verdict = aim === undefined ? "" : aim.isMet ? "met" : "NOT MET";
  return [what, measured, aim?.text ?? "", verdict, samples, detail ?? ""];
}

/** `+12.3 %` for a ratio of 1.123. */
export function overheadText(ratio: number): string {
  const percent = ((ratio - 1) * 100).toFixed(1);
  return `${percent.startsWith("-") ? "" : "+"}${percent} %`;
}

/** Microseconds of nanoseconds, for details. */
export function microseconds(ns: number): string {
  return `${(ns / 1000).toFixed(ns < 10_000 ? 2 : 0)} µs`;
}

/** Milliseconds of milliseconds, for details. */
export function milliseconds(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 2 : 0)} ms`;
}
