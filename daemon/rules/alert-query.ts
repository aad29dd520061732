// SPDX-License-Identifier: Apache-2.0
import type { Alert, AlertFields, FieldValue } from "../model/alert.ts";
import { createChecker } from "../lang/check.ts";
import type { Predicate } from "../lang/checked.ts";
import { createCompiler } from "../lang/compile.ts";
import { expandMacros } from "../lang/expand.ts";
import { parseCondition } from "../lang/parser.ts";
import { errorAt, hasErrors, type Diagnostic } from "../text/diagnostic.ts";
import { wholeSource } from "../text/located-text.ts";
import { alertCatalogue } from "./fields/alert.ts";
import { compileTemplate } from "./output-template.ts";

/** A question about alerts, or what is wrong with it. */
export interface QueryResult<T> {
  readonly value?: T;
  readonly diagnostics: readonly Diagnostic[];
}

/** Compiles a condition over alerts: `container.name = web and proc.name in (curl, wget)`. */
export function compileAlertFilter(text: string): QueryResult<Predicate<Alert>> {
  const located = wholeSource({ name: "filter", text });
  const parsed = parseCondition(text);
  if (!parsed.ok) {
    const { code, message, range } = parsed.fault;
    const span = located.spanOf(range.start, range.end);
    return { diagnostics: [errorAt({ code, message, span })] };
  }
  const noMacros = { find: () => undefined, names: () => [] };
  const { expr, diagnostics: unknown } = expandMacros(parsed.expr, located, noMacros);
  const { checked, diagnostics: faults } = createChecker(alertCatalogue).check(expr, located);
  const diagnostics = [...unknown, ...faults];
  if (hasErrors(diagnostics)) return { diagnostics };
  return { value: createCompiler<Alert>().compile(checked), diagnostics };
}

/** Compiles a list of fields: `evt.time,container.name,proc.aname[2]`. */
export function compileAlertFields(text: string): QueryResult<AlertFields> {
  const located = wholeSource({ name: "fields", text });
  const names = text.split(",").map((name) => name.trim());
  const wrong = names.find((name) => !/^[A-Za-z0-9_.]+(\[[^\]]*\])?$/.test(name));
  if (wrong !== undefined) {
    const message = `cannot read field "${wrong}": expected names such as container.name,proc.cmdline`;
    const start = text.indexOf(wrong);
    const span = located.spanOf(start, start + wrong.length);
    return { diagnostics: [errorAt({ code: "unknown-field", message, span })] };
  }
  // A template's messages lead to its own text, which is the list with a "%" before each name.
  const source = { name: "fields", text: names.map((name) => `%${name}`).join(" ") };
  const { template, diagnostics } = compileTemplate(wholeSource(source), alertCatalogue);
  if (hasErrors(diagnostics)) return { diagnostics };
  const cells = names.map((name) => {
    const cell = wholeSource({ name: "fields", text: `%${name}` });
    return compileTemplate(cell, alertCatalogue).template;
  });
  const value: AlertFields = {
    values: (alert) => inOrder(names, template.format(alert).fields),
    texts: (alert) => cells.map((cell) => cell.format(alert).output),
  };
  return { value, diagnostics };
}

// A template gives its fields in the order of their names, as Falco's JSON has them.
function inOrder(
  names: readonly string[],
  fields: Readonly<Record<string, FieldValue>>,
): Readonly<Record<string, FieldValue>> {
  return Object.fromEntries(names.map((name) => [name, fields[name] ?? null]));
}
