// SPDX-License-Identifier: Apache-2.0
import { errorAt, warningAt, type Diagnostic } from "../text/diagnostic.ts";
import { joinTexts, textAt, type LocatedText } from "../text/located-text.ts";
import { didYouMean } from "../text/nearest.ts";
import type { Span } from "../text/source.ts";
import { modifiers, operatorSyntax } from "../lang/syntax.ts";
import type { ExceptionCell, ExceptionDefinition } from "./definition.ts";

/** Adds exceptions to a rule: more values for a known name, a whole exception for a new one. */
export function appendExceptions(
  earlier: readonly ExceptionDefinition[],
  added: readonly ExceptionDefinition[],
  diagnostics: Diagnostic[],
): readonly ExceptionDefinition[] {
  const joined = [...earlier];
  for (const exception of added) {
    const { name, fields, comps, values } = exception;
    const known = joined.findIndex((item) => item.name.value === name.value);
    const before = joined[known];
    if (before === undefined) {
      joined.push(exception);
      continue;
    }
    if (fields !== undefined || comps !== undefined) {
      const message = `cannot change fields or comps of exception "${name.value}": append values only`;
      const notes = [{ message: "first defined here", span: before.name.span }];
      diagnostics.push(errorAt({ code: "exception", message, span: name.span, notes }));
    }
    if (values === undefined || values.length === 0) {
      const message = `exception "${name.value}" adds no values`;
      diagnostics.push(warningAt({ code: "exception-values", message, span: name.span }));
    }
    joined[known] = { ...before, values: [...(before.values ?? []), ...(values ?? [])] };
  }
  return joined;
}

/** `(condition) and not clause1 and not clause2`: a rule's condition with its exceptions, places kept. */
export function withExceptions(
  condition: LocatedText,
  exceptions: readonly ExceptionDefinition[],
  diagnostics: Diagnostic[],
): LocatedText {
  const clauses = exceptions.flatMap((exception) => buildClause(exception, diagnostics) ?? []);
  if (clauses.length === 0) return condition;
  const glue = (text: string): LocatedText =>
    textAt(text, condition.spanOf(0, condition.value.length));
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
}

/** Fields, comparisons and rows of one exception with several fields. */
interface Table {
  readonly fields: readonly LocatedText[];
  readonly comps: readonly string[];
  readonly rows: readonly (readonly ExceptionCell[])[];
}

function buildClause(
  exception: ExceptionDefinition,
  diagnostics: Diagnostic[],
): LocatedText | undefined {
  const { name, fields, values = [] } = exception;
  const clause = clauseOf(exception, fields);
  if ("problem" in clause) {
    const message = `cannot use exception "${name.value}": ${clause.problem}`;
    diagnostics.push(errorAt({ code: "exception", message, span: clause.span }));
    return undefined;
  }
  return values.length === 0 ? undefined : clause;
}

function clauseOf(
  exception: ExceptionDefinition,
  fields: ExceptionCell | undefined,
): LocatedText | Problem {
  const { name } = exception;
  if (fields === undefined) return { problem: "it has no fields", span: name.span };
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
  { name, comps, values = [] }: ExceptionDefinition,
  field: LocatedText,
): LocatedText | Problem {
  if (comps?.kind === "list")
    return { problem: "comps must be one text, as fields is", span: comps.span };
  const comp = comps?.text.value.trim() ?? "in";
  if (!isListComp(comp)) {
    const problem = `"${comp}" takes no list: expected in, pmatch or intersects`;
    return { problem, span: comps?.span ?? name.span };
  }
  const row = values.find((cell) => cell.kind === "list");
  if (row !== undefined)
    return { problem: "values must be texts, as fields is one", span: row.span };
  const items = values.flatMap((cell) => (cell.kind === "text" ? listItem(cell.text) : []));
  const glue = (text: string): LocatedText => textAt(text, name.span);
  return joinTexts([field, glue(` ${comp} (`), ...between(items, glue(", ")), glue(")")]);
}

function readTable(
  exception: ExceptionDefinition,
  fields: ExceptionCell & { readonly kind: "list" },
): Table | Problem {
  const names = fields.items.flatMap((cell) => (cell.kind === "text" ? cell.text : []));
  if (names.length < fields.items.length)
    return { problem: "a field must be text", span: fields.span };
  const comps = readComps(exception, names.length);
  if ("problem" in comps) return comps;
  const rows: (readonly ExceptionCell[])[] = [];
  for (const row of exception.values ?? []) {
    if (row.kind !== "list" || row.items.length !== names.length) {
      return { problem: `a row of values must be a list of ${names.length}`, span: row.span };
    }
    rows.push(row.items);
  }
  return { fields: names, comps, rows };
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
  const unknown = words.find((word) => !isComp(word));
  if (unknown === undefined) return words;
  return { problem: `no operator "${unknown}"${didYouMean(unknown, compNames)}`, span };
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
    const items = cell.items.map((item) =>
      item.kind === "text" ? listItem(item.text) : cellText(item, true),
    );
    return joinTexts([glue("("), ...between(items, glue(", ")), glue(")")]);
  }
  if (!isList) return listItem(cell.text);
  if (cell.text.value.startsWith("(")) return cell.text;
  return joinTexts([glue("("), listItem(cell.text), glue(")")]);
}

/** A value as it stands in a condition: in quotes when it holds a blank and is not quoted yet. */
export function listItem(text: LocatedText): LocatedText {
  const { value } = text;
  if (!value.includes(" ") || value.startsWith('"') || value.startsWith("'")) return text;
  const quote = textAt('"', text.spanOf(0, value.length));
  return joinTexts([quote, text, quote]);
}

function between(texts: readonly LocatedText[], glue: LocatedText): readonly LocatedText[] {
  return texts.flatMap((text, i) => (i === 0 ? [text] : [glue, text]));
}

const compNames = operatorSyntax
  .filter(({ operand }) => operand !== "none")
  .map(({ name }) => name);

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
