// SPDX-License-Identifier: Apache-2.0
import { fromByteString, type ByteString } from "../util/byte-string.ts";
import type { CompareExpr, Expr, Operand, RightOperand, TransformArg } from "./ast.ts";

/** The canonical text of a condition, as Falco's `condition_compiled`. Macros stand as names until expanded. */
export function printCondition(expr: Expr): string {
  switch (expr.kind) {
    case "and":
    case "or":
      return `(${expr.operands.map(printCondition).join(` ${expr.kind} `)})`;
    case "not":
      return `not ${printCondition(expr.operand)}`;
    case "exists":
      return `${printOperand(expr.left)} exists`;
    case "compare":
      return printCompare(expr);
    case "macro":
      return expr.name;
    case "expanded":
      return printCondition(expr.body);
  }
}

/** A field or transformer as it is written. */
export function printOperand(operand: Operand): string {
  if (operand.kind === "field") return operand.name + printIndex(operand.argument);
  const args = operand.args.map(printArg).join(",");
  return `${operand.name}(${args})${printIndex(operand.index)}`;
}

function printCompare({ left, operator, modifier, right }: CompareExpr): string {
  const words = [printOperand(left), operator, modifier ?? [], printRight(right)].flat();
  return words.join(" ");
}

function printIndex(argument: ByteString | undefined): string {
  // An empty argument prints as none, as upstream (quirk).
  return argument === undefined || argument === "" ? "" : `[${printValue(argument)}]`;
}

function printArg(arg: TransformArg): string {
  if (arg.kind === "arg-list") return `(${arg.items.map(printArg).join(", ")})`;
  if (arg.kind === "value") return printValue(arg.value);
  return printOperand(arg);
}

function printRight(right: RightOperand): string {
  switch (right.kind) {
    case "value":
      return printValue(right.value);
    case "list":
      return `(${right.items.map(({ value }) => printValue(value)).join(", ")})`;
    case "val":
      return `val(${printOperand(right.field)})`;
    case "transform":
      return printOperand(right);
  }
}

function printValue(value: ByteString): string {
  return /[ =\\"'\b\f\n\r\t\0]/.test(value) ? quote(value) : fromByteString(value);
}

const escapes: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\0": "\\x00",
  "\\": "\\\\",
  '"': '\\"',
};

function quote(value: ByteString): string {
  let text = "";
  for (const character of fromByteString(value)) text += escapes[character] ?? character;
  return `"${text}"`;
}
