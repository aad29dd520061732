// SPDX-License-Identifier: Apache-2.0
import { createPaint, type Tone } from "../../daemon/outputs/paint.ts";

/** What is shown to the person who runs the demo. */
export interface Screen {
  readonly isTerminal: boolean;
  /** One plain line; none for an empty text. */
  line(text?: string): void;
  /** Says what is done now; `finish` adds how long it took. */
  step(text: string): { finish(): void };
  heading(number: number, title: string, detail: string): void;
  /** A command as a person types it. */
  command(text: string): void;
  /** What a command printed, wrapped. */
  printed(text: string): void;
  /** What the daemon printed, as it is. */
  event(text: string): void;
  verdict(holds: boolean, text: string): void;
  table(rows: readonly TableRow[]): void;
}

/** A line of the table at the end. */
export interface TableRow {
  readonly holds: boolean;
  /** Scene, expected, seen. */
  readonly cells: readonly [string, string, string];
}

const widthMax = 110;

/** Draws on a stream; colour where it is a terminal and NO_COLOR is not set. */
export function createScreen(out: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Screen {
  const isTerminal = out.isTTY;
  const hasColor = isTerminal && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  const paint = createPaint(hasColor);
  const width = Math.min(isTerminal ? out.columns : widthMax, widthMax);
  const write = (text: string): void => {
    out.write(`${text}\n`);
  };
  const framed = (lines: readonly string[], tone: Tone): void => {
    for (const line of lines) write(`    ${paint(tone, "│")} ${line}`);
  };
  const mark = (holds: boolean): string => (holds ? paint("green", "✓") : paint("red", "✗"));
  return {
    isTerminal,
    line: (text = "") => {
      write(text);
    },
    step(text) {
      const startMs = performance.now();
      out.write(`  ${paint("faint", "▸")} ${text} … `);
      return {
        finish: () => {
          const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
          write(paint("faint", `${seconds} s`));
        },
      };
    },
    heading(number, title, detail) {
      write(`\n${paint("blue", `━━ ${number}`)}  ${paint("strong", title)}`);
      for (const line of wrap(detail, width - 4)) write(`    ${paint("faint", line)}`);
      write("");
    },
    command: (text) => {
      write(`    ${paint("green", "$")} ${paint("strong", text)}`);
    },
    printed: (text) => {
      framed(wrap(text, width - 6), "faint");
    },
    event(text) {
      write(`\n    ${paint("faint", "execwarden:")}`);
      framed(text.trimEnd().split("\n"), "yellow");
      write("");
    },
    verdict: (holds, text) => {
      write(`    ${mark(holds)} ${text}`);
    },
    table(rows) {
      for (const { holds, cells } of [heads, ...rows]) {
        const text = columns(cells, rows);
        write(holds === undefined ? `    ${paint("faint", text)}` : `  ${mark(holds)} ${text}`);
      }
    },
  };
}

const heads = { holds: undefined, cells: ["scene", "expected", "seen"] } as const;

function columns(cells: TableRow["cells"], rows: readonly TableRow[]): string {
  return cells
    .map((cell, index) =>
      cell.padEnd(Math.max(...rows.map((row) => row.cells[index]?.length ?? 0))),
    )
    .join("   ")
    .trimEnd();
}

/** Breaks lines at spaces; a word that is longer than a line stays whole. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const paragraph of text.trimEnd().split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line !== "" && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === "" ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}
