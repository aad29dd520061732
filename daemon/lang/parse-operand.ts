// SPDX-License-Identifier: Apache-2.0
import type {
  ArgListNode,
  FieldNode,
  Operand,
  TransformArg,
  TransformNode,
  ValueNode,
} from "./ast.ts";
import { Scanner, SyntaxFault, type Token } from "./scanner.ts";
import { transformerNames } from "./syntax.ts";

/** A field or transformer at the start of a text, and where it ends; undefined when there is none. */
export function parseOperandPrefix(
  text: string,
  start: number,
): { readonly operand: Operand; readonly end: number } | undefined {
  try {
    const scanner = new Scanner(text);
    scanner.position = start;
    const operand = parseOperand(scanner);
    return { operand, end: scanner.position };
  } catch (error) {
    if (error instanceof SyntaxFault) return undefined;
    throw error;
  }
}

// lhs = field | transformer
/** Reads a field or a transformer. */
function parseOperand(scanner: Scanner): Operand {
  const start = scanner.position;
  const field = scanner.takeFieldName();
  if (field !== undefined) return parseFieldRest(scanner, field);
  const transformer = takeTransformer(scanner);
  if (transformer !== undefined) return parseTransformRest(scanner, transformer, start);
  return scanner.fail("cannot read a field here: expected a field or a transformer");
}

// tname = "tolower(" | "toupper(" | …
/** Takes the name and the parenthesis of a transformer; returns the name. */
export function takeTransformer(scanner: Scanner): string | undefined {
  return transformerNames.find((name) => scanner.take(`${name}(`));
}

// field = fieldname [ "[" fieldarg "]" ]
// fieldarg = quoted | bare
/** Reads what follows the name of a field. */
export function parseFieldRest(scanner: Scanner, name: Token): FieldNode {
  const { start } = name.range;
  const argument = takeIndex(scanner);
  const range = { start, end: scanner.position };
  const field = { kind: "field", name: name.value, range } as const;
  // An empty one in quotes is none, as upstream (quirk).
  const isGiven = argument !== undefined && argument.value !== "";
  return isGiven ? { ...field, argument: argument.value } : field;
}

function takeIndex(scanner: Scanner): Token | undefined {
  if (!scanner.take("[")) return undefined;
  const argument = scanner.takeQuoted() ?? scanner.takeBareArgument();
  if (argument === undefined) return scanner.fail("cannot read the argument of a field here");
  if (!scanner.take("]")) scanner.fail(`cannot read on after a field's argument: expected "]"`);
  return argument;
}

// transformer = tname arg { "," arg } ")" [ "[" fieldarg "]" ]
/** Reads the arguments of a transformer whose name and "(" were taken at `start`. */
export function parseTransformRest(scanner: Scanner, name: string, start: number): TransformNode {
  return scanner.nest(() => {
    const args: TransformArg[] = [];
    do {
      args.push(parseTransformArg(scanner));
      scanner.takeBlanks();
    } while (scanner.take(","));
    if (!scanner.take(")")) scanner.fail(`cannot read on here: expected "," or ")" in ${name}(`);
    const index = takeIndex(scanner);
    const range = { start, end: scanner.position };
    const node = { kind: "transform", name, args, range } as const;
    return index === undefined ? node : { ...node, index: index.value };
  });
}

// arg = number | quoted | "(" [ elem { "," elem } ] ")" | transformer | field
function parseTransformArg(scanner: Scanner): TransformArg {
  return scanner.nest(() => {
    scanner.takeBlanks();
    return scanner.looksAt("(") ? parseArgList(scanner) : parseElement(scanner);
  });
}

// elem = field | transformer | quoted | number
function parseElement(scanner: Scanner): Operand | ValueNode {
  const literal = scanner.takeNumber() ?? scanner.takeQuoted();
  if (literal !== undefined) return { kind: "value", value: literal.value, range: literal.range };
  return parseOperand(scanner);
}

function parseArgList(scanner: Scanner): ArgListNode {
  const start = scanner.position;
  scanner.take("(");
  scanner.takeBlanks();
  const items: (Operand | ValueNode)[] = [];
  if (!scanner.looksAt(")")) {
    do {
      scanner.takeBlanks();
      items.push(parseElement(scanner));
      scanner.takeBlanks();
    } while (scanner.take(","));
  }
  if (!scanner.take(")")) scanner.fail(`cannot read on in the list: expected "," or ")"`);
  return { kind: "arg-list", items, range: { start, end: scanner.position } };
}
