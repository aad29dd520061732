// lang: the condition language. Comes in: condition text, a catalogue of fields. Goes out: trees, diagnostics,
// predicates over any subject that the catalogue can read. Must not know: YAML, rules, containers, Linux.
// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import type { LocatedText } from "../text/located-text.ts";

/** Offsets (UTF-16 units) in the condition text that a node was parsed from. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A condition. `macro` is a name still to be resolved, `expanded` the macro's own condition in its place. */
export type Expr = GroupExpr | NotExpr | ExistsExpr | CompareExpr | MacroExpr | ExpandedExpr;

/** Two or more operands, as they were written flat. */
export interface GroupExpr {
  readonly kind: "and" | "or";
  readonly operands: readonly Expr[];
  readonly range: Range;
}

/** A negation; an even number of `not` leaves no trace. */
export interface NotExpr {
  readonly kind: "not";
  readonly operand: Expr;
  readonly range: Range;
}

/** `field exists` */
export interface ExistsExpr {
  readonly kind: "exists";
  readonly left: Operand;
  readonly range: Range;
}

/** `field operator value`; `modifier` joins the comparisons with each item of a list. */
export interface CompareExpr {
  readonly kind: "compare";
  readonly left: Operand;
  readonly operator: string;
  readonly operatorRange: Range;
  readonly modifier?: Modifier;
  readonly right: RightOperand;
  readonly range: Range;
}

/** How many of the listed values must satisfy the operator: exactly one, at least one, all. */
export type Modifier = "oneof" | "anyof" | "allof";

/** A reference to a macro. */
export interface MacroExpr {
  readonly kind: "macro";
  readonly name: string;
  readonly range: Range;
}

/** A macro's condition standing where its name was; ranges inside `body` are offsets in `text`. */
export interface ExpandedExpr {
  readonly kind: "expanded";
  readonly name: string;
  readonly text: LocatedText;
  readonly body: Expr;
  /** Where the name stood. */
  readonly range: Range;
}

/** What may stand on the left of an operator. */
export type Operand = FieldNode | TransformNode;

/** What may stand on the right of an operator. */
export type RightOperand = ValueNode | ListNode | ValNode | TransformNode;

/** `name` or `name[argument]` */
export interface FieldNode {
  readonly kind: "field";
  readonly name: string;
  readonly argument?: ByteString;
  readonly range: Range;
}

/** `name(arguments)`, of getopt also `getopt(…)[index]` */
export interface TransformNode {
  readonly kind: "transform";
  readonly name: string;
  readonly args: readonly TransformArg[];
  readonly index?: ByteString;
  readonly range: Range;
}

/** An argument of a transformer: an operand, a literal, or a list of those. */
export type TransformArg = Operand | ValueNode | ArgListNode;

/** `(a, b)` as an argument of a transformer. */
export interface ArgListNode {
  readonly kind: "arg-list";
  readonly items: readonly (Operand | ValueNode)[];
  readonly range: Range;
}

/** A word, number or quoted string. */
export interface ValueNode {
  readonly kind: "value";
  readonly value: ByteString;
  readonly range: Range;
}

/** `(a, b)` on the right of an operator. */
export interface ListNode {
  readonly kind: "list";
  readonly items: readonly ValueNode[];
  readonly range: Range;
}

/** `val(field)`: the value of another field. */
export interface ValNode {
  readonly kind: "val";
  readonly field: FieldNode;
  readonly range: Range;
}
