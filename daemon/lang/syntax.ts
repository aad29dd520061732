// SPDX-License-Identifier: Apache-2.0

/** How an operator is written: what may follow it, and whether a blank must come first. */
export interface OperatorSyntax {
  readonly name: string;
  readonly operand: "none" | "number" | "text" | "list";
  readonly needsBlank: boolean;
}

const row = (
  name: string,
  operand: OperatorSyntax["operand"],
  needsBlank = false,
): OperatorSyntax => ({ name, operand, needsBlank });

/** All operators in the order they are tried: the first that is a prefix of the text is taken. */
export const operatorSyntax: readonly OperatorSyntax[] = [
  row("exists", "none"),
  row("<=", "number"),
  row("<", "number"),
  row(">=", "number"),
  row(">", "number"),
  row("==", "text"),
  row("=", "text"),
  row("!=", "text"),
  row("glob", "text", true),
  row("iglob", "text", true),
  row("contains", "text", true),
  row("icontains", "text", true),
  row("bcontains", "text", true),
  row("startswith", "text", true),
  row("bstartswith", "text", true),
  row("endswith", "text", true),
  row("regex", "text", true),
  row("intersects", "list"),
  row("in", "list"),
  row("pmatch", "list"),
];

/** Words that may stand between a text operator and a list. */
export const modifiers = ["oneof", "anyof", "allof"] as const;

/** Names of transformers as the grammar knows them, in the order they are tried. */
export const transformerNames = [
  "tolower",
  "toupper",
  "b64",
  "basename",
  "len",
  "join",
  "concat",
  "getopt",
] as const;

/** Units of depth that one condition may use; a level of parentheses costs five. */
export const parseDepthMax = 1000;
