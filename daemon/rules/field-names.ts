// SPDX-License-Identifier: Apache-2.0
import type { Expr, Operand, TransformArg } from "../lang/ast.ts";

/** Names of the fields that a condition asks for, macros in place. */
export function fieldNamesOf(expr: Expr): ReadonlySet<string> {
  const names = new Set<string>();
  const seen = new Set<Expr>();
  const waiting: Expr[] = [expr];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    switch (next.kind) {
      case "and":
      case "or":
        waiting.push(...next.operands);
        break;
      case "not":
        waiting.push(next.operand);
        break;
      case "expanded":
        waiting.push(next.body);
        break;
      case "exists":
      case "compare":
        addNames(next.left, names);
        break;
      case "macro":
        break;
    }
  }
  return names;
}

function addNames(operand: Operand, names: Set<string>): void {
  const waiting: TransformArg[] = [operand];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next.kind === "field") names.add(next.name);
    else if (next.kind === "transform") waiting.push(...next.args);
    else if (next.kind === "arg-list") waiting.push(...next.items);
  }
}
