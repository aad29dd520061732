// SPDX-License-Identifier: Apache-2.0
import type { Source, Span } from "./source.ts";

/** A second place, or a fact, that explains a diagnostic. */
export interface Note {
  readonly message: string;
  readonly span?: Span;
}

/** One fault (or doubt) about something a user wrote. An error means: this text is not used. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  /** Stable kebab-case name: a row of `diagnosticTexts`, or of the table of the room that reports it. */
  readonly code: string;
  /** Starts with "cannot", quotes the user's value and says what would work. */
  readonly message: string;
  readonly span?: Span;
  readonly notes: readonly Note[];
}

/** At most this many diagnostics are shown at once; the rest is counted. */
export const diagnosticsShownMax = 50;

/** What a diagnostic is made of; `notes` may be left out. */
export interface DiagnosticParts {
  readonly code: string;
  readonly message: string;
  readonly span?: Span | undefined;
  readonly notes?: readonly Note[];
}

/** An error with its notes filled in. */
export function errorAt(parts: DiagnosticParts): Diagnostic {
  return diagnostic("error", parts);
}

/** A warning with its notes filled in. */
export function warningAt(parts: DiagnosticParts): Diagnostic {
  return diagnostic("warning", parts);
}

function diagnostic(severity: Diagnostic["severity"], parts: DiagnosticParts): Diagnostic {
  const { code, message, span, notes = [] } = parts;
  return { severity, code, message, notes, ...(span === undefined ? {} : { span }) };
}

/** True when at least one of them is an error. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === "error");
}

/** What makes two diagnostics repeats of each other: code, place and message. */
export function placeKey({ code, message, span }: Diagnostic): string {
  return JSON.stringify([span?.source.name ?? "", span?.start, code, message]);
}

/**
 * Sorts by source (those given first, others in order of first appearance) and position, those without a place
 * first, and drops exact repeats of code, place and message.
 */
export function sortDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: readonly Source[] = [],
): readonly Diagnostic[] {
  const ranks = new Map(sources.map(({ name }, i) => [name, i]));
  const unique = new Map<string, Diagnostic>();
  for (const item of diagnostics) {
    const name = item.span?.source.name ?? "";
    if (!ranks.has(name)) ranks.set(name, item.span === undefined ? -1 : ranks.size);
    const key = placeKey(item);
    if (!unique.has(key)) unique.set(key, item);
  }
  const rank = (item: Diagnostic): number => ranks.get(item.span?.source.name ?? "") ?? 0;
  const start = (item: Diagnostic): number => item.span?.start ?? 0;
  return [...unique.values()].sort((a, b) => rank(a) - rank(b) || start(a) - start(b));
}
