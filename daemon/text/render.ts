// SPDX-License-Identifier: Apache-2.0
import { printableText } from "../util/printable-text.ts";
import { diagnosticsShownMax, sortDiagnostics, type Diagnostic, type Note } from "./diagnostic.ts";
import { createLineTable, type LineTable, type Source, type Span } from "./source.ts";

/** At most this many characters of a source line are shown around a fault. */
const excerptLengthMax = 120;

/** A diagnostic as JSON: places as line and column, both from 1. */
export interface DiagnosticJson {
  readonly severity: Diagnostic["severity"];
  readonly code: string;
  readonly message: string;
  readonly place?: PlaceJson;
  readonly notes: readonly { readonly message: string; readonly place?: PlaceJson }[];
}

/** Where a fault is; `endLine` and `endColumn` are the first position after it. */
export interface PlaceJson {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** All diagnostics as a person reads them, sorted, with excerpts and a summary line; "" for none. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[]): string {
  if (diagnostics.length === 0) return "";
  const lines = new LineTables();
  const sorted = sortDiagnostics(diagnostics);
  const blocks = sorted.slice(0, diagnosticsShownMax).map((item) => renderOne(item, lines));
  return [...blocks, summarize(sorted)].join("\n") + "\n";
}

/** The same list for programs: sorted, complete. */
export function diagnosticsToJson(diagnostics: readonly Diagnostic[]): readonly DiagnosticJson[] {
  const lines = new LineTables();
  const place = (span: Span | undefined): { place?: PlaceJson } =>
    span === undefined ? {} : { place: lines.place(span) };
  return sortDiagnostics(diagnostics).map(({ severity, code, message, span, notes }) => ({
    severity,
    code,
    message,
    ...place(span),
    notes: notes.map((note) => ({ message: note.message, ...place(note.span) })),
  }));
}

/** Line tables of the sources met in one rendering. */
class LineTables {
  readonly #tables = new Map<Source, LineTable>();

  of(source: Source): LineTable {
    const known = this.#tables.get(source);
    if (known !== undefined) return known;
    const table = createLineTable(source);
    this.#tables.set(source, table);
    return table;
  }

  place({ source, start, end }: Span): PlaceJson {
    const table = this.of(source);
    const from = table.positionOf(start);
    const to = table.positionOf(end);
    return { file: source.name, ...from, endLine: to.line, endColumn: to.column };
  }

  /** `file:line:column` */
  label({ source, start }: Span): string {
    const { line, column } = this.of(source).positionOf(start);
    return `${printableText(source.name)}:${line}:${column}`;
  }
}

function renderOne(diagnostic: Diagnostic, lines: LineTables): string {
  const { severity, code, message, span, notes } = diagnostic;
  const head = `${severity}[${code}]: ${printableText(message)}`;
  if (span === undefined) return [head, ...notes.map((note) => renderNote(note, lines))].join("\n");
  return [
    `${lines.label(span)}: ${head}`,
    ...renderExcerpt(span, lines.of(span.source)),
    ...notes.map((note) => renderNote(note, lines)),
  ].join("\n");
}

function renderNote({ message, span }: Note, lines: LineTables): string {
  const place = span === undefined ? "" : ` at ${lines.label(span)}`;
  return `note: ${printableText(message)}${place}`;
}

function renderExcerpt(span: Span, table: LineTable): readonly string[] {
  const { line, column } = table.positionOf(span.start);
  const text = table.lineText(line);
  const from = column - 1;
  const to = Math.max(from + 1, Math.min(text.length, from + span.end - span.start));
  const window = Math.max(0, Math.min(from - excerptLengthMax / 3, text.length - excerptLengthMax));
  const start = text.length > excerptLengthMax ? Math.floor(window) : 0;
  const end = Math.min(text.length, start + excerptLengthMax);
  const before = (start > 0 ? "…" : "") + visibleLine(text.slice(start, from));
  const marked = visibleLine(text.slice(from, Math.min(to, end)));
  const after = visibleLine(text.slice(Math.min(to, end), end)) + (end < text.length ? "…" : "");
  const gutter = " ".repeat(String(line).length);
  const carets = "^".repeat(Math.max(1, columns(marked)));
  return [
    ` ${line} | ${before}${marked}${after}`,
    ` ${gutter} | ${" ".repeat(columns(before))}${carets}`,
  ];
}

/** A tab is shown as one blank, so that the carets stand where the fault is. */
function visibleLine(text: string): string {
  return printableText(text.replaceAll("\t", " "));
}

function columns(text: string): number {
  return Array.from(text).length;
}

function summarize(sorted: readonly Diagnostic[]): string {
  const errors = sorted.filter(({ severity }) => severity === "error").length;
  const warnings = sorted.length - errors;
  const files = new Set(sorted.flatMap(({ span }) => span?.source.name ?? [])).size;
  const counts = [
    ...(errors > 0 ? [counted(errors, "error")] : []),
    ...(warnings > 0 ? [counted(warnings, "warning")] : []),
  ].join(", ");
  const hidden = sorted.length - diagnosticsShownMax;
  const more = hidden > 0 ? ` (${hidden} not shown)` : "";
  return `${counts}${files > 0 ? ` in ${counted(files, "file")}` : ""}${more}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
