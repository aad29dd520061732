// SPDX-License-Identifier: Apache-2.0
import { errorAt, type Diagnostic } from "../text/diagnostic.ts";
import { joinTexts, standIn, textAt, type LocatedText } from "../text/located-text.ts";
import { didYouMean } from "../text/nearest.ts";
import type { Span } from "../text/source.ts";
import { modifiers, operatorSyntax } from "../lang/syntax.ts";
import type { ExceptionCell, ExceptionDefinition } from "./definition.ts";

/** What joining exceptions needs of its surroundings. */
interface JoinContext {
  readonly faults: Diagnostic[];
  readonly isField: (text: string) => boolean;
}

/** Adds exceptions to a rule: more values for a known name, a whole exception for a new one. */
export function appendExceptions(
  earlier: readonly ExceptionDefinition[],
  added: readonly ExceptionDefinition[],
  { faults, isField }: JoinContext,
): readonly ExceptionDefinition[] {
  const joined = [...earlier];
  for (const exception of added) {
    const { name, fields, comps, values = [] } = exception;
    const names = joined.map((item) => item.name.value);
    const known = names.indexOf(name.value);
    const before = joined[known];
    if (before === undefined) {
      const hint = didYouMean(name.value, names) || ": the rule has none yet, so it needs fields";
      const isWhole = fields !== undefined && values.length > 0;
      const lack = fields === undefined ? hint : " without values";
      const message = `cannot add exception "${name.value}"${lack}`;
      if (!isWhole) faults.push(errorAt({ code: "exception", message, span: name.span }));
      if (fields !== undefined) joined.push(...checkExceptions([exception], isField, faults));
      continue;
    }
    if (fields !== undefined || comps !== undefined) {
      const message = `cannot change fields or comps of exception "${name.value}": append values only`;
      const notes = [{ message: "first defined here", span: before.name.span }];
      faults.push(errorAt({ code: "exception", message, span: name.span, notes }));
    }
    joined[known] = { ...before, values: [...(before.values ?? []), ...values] };
  }
  return joined;
}

/**
 * Checks fields and comparisons of new exceptions, and returns those that are right; their values are checked when a
 * condition is made of them.
 */
export function checkExceptions(
  exceptions: readonly ExceptionDefinition[],
  isField: (text: string) => boolean,
  faults: Diagnostic[],
): readonly ExceptionDefinition[] {
  return exceptions.filter((exception) => {
    const problem = problemOf(exception, isField);
    if (problem !== undefined) faults.push(refused(exception, problem));
    return problem === undefined;
  });
}

function refused({ name }: ExceptionDefinition, { problem, span }: Problem): Diagnostic {
  const message = `cannot use exception "${name.value}": ${problem}`;
  return errorAt({ code: "exception", message, span });
}

function problemOf(
  exception: ExceptionDefinition,
  isField: (text: string) => boolean,
): Problem | undefined {
  const { name, fields, comps } = exception;
  if (fields === undefined) return { problem: "it has no fields", span: name.span };
  if (fields.kind === "list") {
    const columns = readColumns(exception, fields);
    if ("problem" in columns) return columns;
    return unknownField(columns.fields, isField);
  }
  if (comps?.kind === "list")
    return { problem: "comps must be one text, as fields is", span: comps.span };
  const comp = comps?.text.value.trim() ?? "in";
  if (!isListComp(comp)) {
    const problem = `"${comp}" takes no list: expected in, pmatch or intersects`;
    return { problem, span: comps?.span ?? name.span };
  }
  return unknownField([fields.text], isField);
}

function unknownField(
  fields: readonly LocatedText[],
  isField: (text: string) => boolean,
): Problem | undefined {
  const unknown = fields.find(({ value }) => !isField(value));
  if (unknown === undefined) return undefined;
  const span = unknown.spanOf(0, unknown.value.length);
  return { problem: `there is no field "${unknown.value}"`, span };
}

/** `(condition) and not clause1 and not clause2`: a rule's condition with its exceptions, places kept. */
export function withExceptions(
  condition: LocatedText,
  exceptions: readonly ExceptionDefinition[],
  diagnostics: Diagnostic[],
): LocatedText {
  if (exceptions.length === 0) return condition;
  const clauses = exceptions.flatMap((exception) => buildClause(exception, diagnostics) ?? []);
  const whole = { of: condition, start: 0, end: condition.value.length };
  const glue = (text: string): LocatedText => standIn(text, whole);
  return joinTexts([
    glue("("),
    condition,
    glue(")"),
    ...clauses.flatMap((clause) => [glue(" and not "), clause]),
  ]);
}

/** Why an exception cannot be used, and where. */
interface Problem {
  readonly problem: string;
  readonly span: Span;
  /** The values do not fit the fields: upstream sees that itself. */
  readonly isOfValues?: boolean;
}

/** Fields and comparisons of one exception with several fields. */
interface Columns {
  readonly fields: readonly LocatedText[];
  readonly comps: readonly string[];
}

/** The same with its rows. */
interface Table extends Columns {
  readonly rows: readonly (readonly ExceptionCell[])[];
}

function buildClause(
  exception: ExceptionDefinition,
  diagnostics: Diagnostic[],
): LocatedText | undefined {
  const { fields, values = [] } = exception;
  if (values.length === 0) return undefined;
  const clause = fields === undefined ? missingFields(exception) : clauseOf(exception, fields);
  if (!("problem" in clause)) return clause;
  // What replaced the exceptions of a rule was not checked before: upstream finds out by a condition that is none.
  const isSeen = exception.isUnchecked !== true || clause.isOfValues === true;
  if (isSeen) diagnostics.push(refused(exception, clause));
  else diagnostics.push({ ...refused(exception, clause), code: "exception-replaced" });
  return undefined;
}

function missingFields({ name }: ExceptionDefinition): Problem {
  return { problem: "it has no fields", span: name.span };
}

function clauseOf(exception: ExceptionDefinition, fields: ExceptionCell): LocatedText | Problem {
  const { name } = exception;
  if (fields.kind === "text") return flatClause(exception, fields.text);
  const table = readTable(exception, fields);
  if ("problem" in table) return table;
  const glue = (text: string): LocatedText => textAt(text, name.span);
  const rows = table.rows.map((row) =>
    joinTexts([glue("("), ...buildRow(row, table, glue), glue(")")]),
  );
  return joinTexts([glue("("), ...between(rows, glue(" or ")), glue(")")]);
}

/** `field comp (v1, v2)` */
function flatClause(
  { name, comps, values = [], isUnchecked }: ExceptionDefinition,
  field: LocatedText,
): LocatedText | Problem {
  if (isUnchecked === true && comps?.kind !== "text") {
    return { problem: "it needs comps, since override: replace fills in none", span: name.span };
  }
  const comp = comps?.kind === "text" ? comps.text.value.trim() : "in";
  const row = values.find((cell) => cell.kind === "list");
  if (row !== undefined)
    return {
      problem: "values must be texts, as fields is one",
      span: row.span,
      isOfValues: true,
    };
  const items = values.flatMap((cell) => (cell.kind === "text" ? listItem(cell.text) : []));
  const glue = (text: string): LocatedText => textAt(text, name.span);
  return joinTexts([field, glue(` ${comp} (`), ...between(items, glue(", ")), glue(")")]);
}

function readColumns(
  exception: ExceptionDefinition,
  fields: ExceptionCell & { readonly kind: "list" },
): Columns | Problem {
  const names = fields.items.flatMap((cell) => (cell.kind === "text" ? cell.text : []));
  if (names.length < fields.items.length)
    return { problem: "a field must be text", span: fields.span };
  const comps = readComps(exception, names.length);
  return "problem" in comps ? comps : { fields: names, comps };
}

function readTable(
  exception: ExceptionDefinition,
  fields: ExceptionCell & { readonly kind: "list" },
): Table | Problem {
  const columns = readColumns(exception, fields);
  if ("problem" in columns) return columns;
  const width = columns.fields.length;
  const rows: (readonly ExceptionCell[])[] = [];
  for (const row of exception.values ?? []) {
    if (row.kind !== "list" || row.items.length !== width) {
      const problem = `a row of values must be a list of ${width}`;
      return { problem, span: row.span, isOfValues: true };
    }
    rows.push(row.items);
  }
  return { ...columns, rows };
}

function readComps(
  { name, comps }: ExceptionDefinition,
  count: number,
): readonly string[] | Problem {
  const span = comps?.span ?? name.span;
  if (comps === undefined) return Array.from({ length: count }, () => "=");
  if (comps.kind === "text") return { problem: "comps must be a list, as fields is", span };
  const words = comps.items.map((cell) => (cell.kind === "text" ? cell.text.value.trim() : ""));
  if (words.length !== count) return { problem: `${words.length} comps for ${count} fields`, span };
  const at = words.findIndex((word) => !isComp(word));
  const unknown = words[at];
  if (unknown === undefined) return words;
  const problem = `no operator "${unknown}"${didYouMean(unknown, compNames)}`;
  return { problem, span: comps.items[at]?.span ?? span };
}

function buildRow(
  row: readonly ExceptionCell[],
  { fields, comps }: Table,
  glue: (text: string) => LocatedText,
): readonly LocatedText[] {
  return row.flatMap((cell, i) => {
    const comp = comps[i] ?? "=";
    const field = fields[i] ?? glue("");
    const joint = i === 0 ? [] : [glue(" and ")];
    return [...joint, field, glue(` ${comp} `), cellText(cell, isListComp(comp))];
  });
}

function cellText(cell: ExceptionCell, isList: boolean): LocatedText {
  const glue = (text: string): LocatedText => textAt(text, cell.span);
  if (cell.kind === "list") {
    // A list in a list has no text upstream (quirk).
    const items = cell.items.map((item) => (item.kind === "text" ? listItem(item.text) : glue("")));
    return joinTexts([glue("("), ...joinItems(items), glue(")")]);
  }
  if (!isList) return listItem(cell.text);
  if (cell.text.value.startsWith("(")) return cell.text;
  // Not quoted, as upstream has it: a value with a blank must be written as a list.
  return joinTexts([glue("("), cell.text, glue(")")]);
}

/** A value as it stands in a condition: in quotes when it holds a blank and is not quoted yet. */
export function listItem(text: LocatedText): LocatedText {
  const { value } = text;
  if (!value.includes(" ") || value.startsWith('"') || value.startsWith("'")) return text;
  const quote = standIn('"', { of: text, start: 0, end: value.length });
  return joinTexts([quote, text, quote]);
}

function between(texts: readonly LocatedText[], glue: LocatedText): readonly LocatedText[] {
  return texts.flatMap((text, i) => (i === 0 ? [text] : [glue, text]));
}

/**
 * Items with commas between them, each comma located where the item before it stands. Upstream writes none before the
 * first text that is not empty (quirk).
 */
export function joinItems(items: readonly LocatedText[]): readonly LocatedText[] {
  const first = items.findIndex(({ value }) => value !== "");
  const shown = first < 0 ? [] : items.slice(first);
  return shown.flatMap((item, i) => {
    const before = shown[i - 1];
    if (before === undefined) return [item];
    return [standIn(", ", { of: before, start: 0, end: before.value.length }), item];
  });
}

/** With `exists`, which upstream accepts here; the condition made of it is none, unless there are no values. */
const compNames = operatorSyntax.map(({ name }) => name);

function isComp(words: string): boolean {
  return compNames.includes(words) || isListComp(words);
}

/** `in`, `pmatch`, `intersects`, or a text operator with a modifier. */
function isListComp(words: string): boolean {
  const [name, modifier, ...rest] = words.split(/\s+/);
  const operator = operatorSyntax.find((candidate) => candidate.name === name);
  if (modifier === undefined) return operator?.operand === "list";
  const isModifier = modifiers.some((candidate) => candidate === modifier);
  return isModifier && rest.length === 0 && operator?.operand === "text";
}
