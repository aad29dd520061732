// SPDX-License-Identifier: Apache-2.0
import { errorAt, warningAt, type Diagnostic, type Note } from "../text/diagnostic.ts";
import { placeIn, type LocatedText } from "../text/located-text.ts";
import type { CompareExpr, ExistsExpr, ExpandedExpr, Expr, Operand, Range } from "./ast.ts";
import { checkCompare } from "./check-compare.ts";
import { constant, group, negate, type Checked } from "./checked.ts";
import type { LangCode } from "./diagnostic-texts.ts";
import type { FieldCatalogue } from "./field.ts";
import { existsPredicate } from "./leaf.ts";
import { resolveOperand, type ResolvedOperand } from "./operand.ts";
import type { Reporter } from "./reporter.ts";

/** What checking a condition gives. With an error among the diagnostics, `checked` must not be used. */
export interface CheckResult<E> {
  readonly checked: Checked<E>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Checks the conditions of one set of rules. */
export interface Checker<E> {
  /** Finds every fault of a condition whose macros are expanded; `text` is where its ranges lead. */
  check(expr: Expr, text: LocatedText): CheckResult<E>;
}

/** Checks that one compiled condition may have, macros written out. */
const checksMax = 50_000;

/** A checker that remembers macros: each is checked once, however many conditions use it. */
export function createChecker<E>(catalogue: FieldCatalogue<E>): Checker<E> {
  const known = new Map<Expr, CheckResult<E>>();
  return {
    check: (expr, text) => new Walk(catalogue, known, { text, notes: [] }).run(expr),
  };
}

interface Place {
  readonly text: LocatedText;
  /** The uses of macros that led here, innermost first. */
  readonly notes: readonly Note[];
}

/** Warnings of one condition: macros that are used twice by each other double them at every step. */
const warningsMax = 1000;

class Walk<E> implements Reporter {
  readonly catalogue: FieldCatalogue<E>;
  readonly #known: Map<Expr, CheckResult<E>>;
  readonly #place: Place;
  /** A set, because one faulty macro may be reached on very many ways. */
  readonly #errors = new Set<Diagnostic>();
  /** As often as a macro is used, as upstream has it. */
  readonly #warnings: Diagnostic[] = [];

  constructor(catalogue: FieldCatalogue<E>, known: Map<Expr, CheckResult<E>>, place: Place) {
    this.catalogue = catalogue;
    this.#known = known;
    this.#place = place;
  }

  run(expr: Expr): CheckResult<E> {
    const checked = this.#check(expr);
    if (checked.size > checksMax) {
      const message = `cannot compile a condition of more than ${checksMax} checks, macros written out`;
      this.error("too-large", message, expr.range);
    }
    return { checked, diagnostics: [...this.#errors, ...this.#warnings] };
  }

  error(code: LangCode, message: string, range: Range): void {
    this.#errors.add(errorAt({ code, message, ...this.#at(range) }));
  }

  warning(code: LangCode, message: string, range: Range): void {
    this.#warnings.push(warningAt({ code, message, ...this.#at(range) }));
  }

  /** Looks an operand up and reports its fault. */
  resolve(node: Operand): ResolvedOperand<E> | undefined {
    const resolution = resolveOperand(node, this.catalogue);
    if (resolution.ok) return resolution.operand;
    const { code, message, range } = resolution.fault;
    this.error(code, message, range);
    return undefined;
  }

  #at(range: Range): ReturnType<typeof placeIn> {
    const { span, notes } = placeIn(this.#place.text, range);
    return { span, notes: [...notes, ...this.#place.notes] };
  }

  #check(expr: Expr): Checked<E> {
    switch (expr.kind) {
      case "and":
      case "or":
        return group(
          expr.kind,
          expr.operands.map((operand) => this.#check(operand)),
        );
      case "not":
        return negate(this.#check(expr.operand));
      case "exists":
        return this.#checkExists(expr);
      case "compare":
        return this.#checkCompare(expr);
      case "macro":
        // Reported when macros were expanded.
        return constant(false);
      case "expanded":
        return this.#checkExpanded(expr);
    }
  }

  #checkExpanded(expr: ExpandedExpr): Checked<E> {
    const { body, name, text, range } = expr;
    let result = this.#known.get(body);
    if (result === undefined) {
      const use = { message: `used through macro "${name}"`, span: this.#at(range).span };
      const place = { text, notes: [use, ...this.#place.notes] };
      result = new Walk(this.catalogue, this.#known, place).run(body);
      this.#known.set(body, result);
    }
    for (const diagnostic of result.diagnostics) {
      if (diagnostic.severity === "error") this.#errors.add(diagnostic);
      else if (this.#warnings.length < warningsMax) this.#warnings.push(diagnostic);
    }
    return result.checked;
  }

  #checkExists(expr: ExistsExpr): Checked<E> {
    const operand = this.resolve(expr.left);
    if (operand === undefined) return constant(false);
    if (operand.reader === undefined) return constant(false);
    const test = existsPredicate(operand.reader);
    return { kind: "leaf", size: 1, test, cost: operand.cost };
  }

  #checkCompare(expr: CompareExpr): Checked<E> {
    const left = this.resolve(expr.left);
    if (left === undefined) return constant(false);
    if (expr.right.kind !== "val" && expr.right.kind !== "transform") {
      return checkCompare(expr, { left }, this);
    }
    const node = expr.right.kind === "val" ? expr.right.field : expr.right;
    const right = this.resolve(node);
    return right === undefined ? constant(false) : checkCompare(expr, { left, right }, this);
  }
}
