// SPDX-License-Identifier: Apache-2.0
import { errorAt, type Diagnostic } from "../text/diagnostic.ts";
import { placeIn, type LocatedText } from "../text/located-text.ts";
import { didYouMean } from "../text/nearest.ts";
import type { Expr, MacroExpr } from "./ast.ts";

/** A macro whose own macros are expanded already. */
export interface ExpandedMacro {
  readonly name: string;
  readonly text: LocatedText;
  readonly body: Expr;
  /** Levels of nesting of the body. */
  readonly depth: number;
}

/**
 * Where macros are looked up. `cycle`: the macro is being expanded itself; `faulty`: its own faults are reported
 * already.
 */
export interface MacroScope {
  find(name: string): ExpandedMacro | "cycle" | "faulty" | undefined;
  names(): Iterable<string>;
}

/** Levels of nesting that a condition may have, macros written out. */
const expandedDepthMax = 1000;

/** A condition with every macro in place, or the faults that prevent it. */
export interface Expansion {
  readonly expr: Expr;
  readonly depth: number;
  readonly used: ReadonlySet<string>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Puts macros in the place of their names; a name that cannot be replaced stays. */
export function expandMacros(expr: Expr, text: LocatedText, scope: MacroScope): Expansion {
  const diagnostics: Diagnostic[] = [];
  const used = new Set<string>();
  let depthReached = 0;

  const replace = (node: MacroExpr, depth: number): Expr => {
    const place = placeIn(text, node.range);
    const macro = scope.find(node.name);
    if (macro === undefined || macro === "cycle") {
      diagnostics.push(errorAt({ ...missing(node.name, macro, scope), ...place }));
      return node;
    }
    used.add(node.name);
    if (macro === "faulty") return node;
    if (depth + macro.depth > expandedDepthMax) {
      const message = `cannot expand macro "${node.name}": more than ${expandedDepthMax} levels deep`;
      diagnostics.push(errorAt({ code: "too-deep", message, ...place }));
      return node;
    }
    depthReached = Math.max(depthReached, depth + macro.depth);
    return {
      kind: "expanded",
      name: node.name,
      text: macro.text,
      body: macro.body,
      range: node.range,
    };
  };

  const walk = (node: Expr, depth: number): Expr => {
    depthReached = Math.max(depthReached, depth);
    switch (node.kind) {
      case "and":
      case "or":
        return { ...node, operands: node.operands.map((operand) => walk(operand, depth + 1)) };
      case "not":
        return { ...node, operand: walk(node.operand, depth + 1) };
      case "macro":
        return replace(node, depth + 1);
      case "exists":
      case "compare":
      case "expanded":
        return node;
    }
  };
  return { expr: walk(expr, 1), depth: depthReached, used, diagnostics };
}

function missing(
  name: string,
  why: "cycle" | undefined,
  scope: MacroScope,
): { code: string; message: string } {
  if (why === "cycle") {
    return { code: "macro-cycle", message: `cannot expand macro "${name}" inside itself` };
  }
  const hint = didYouMean(name, scope.names());
  const message = `cannot find macro "${name}"${hint || ": no macro of this name is defined before"}`;
  return { code: "unknown-macro", message };
}
