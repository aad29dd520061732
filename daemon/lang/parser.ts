// SPDX-License-Identifier: Apache-2.0
import type {
  CompareExpr,
  Expr,
  ListNode,
  Modifier,
  Operand,
  RightOperand,
  ValueNode,
} from "./ast.ts";
import { parseFieldRest, parseTransformRest, takeTransformer } from "./parse-operand.ts";
import { isAlphanumeric, Scanner, SyntaxFault, type Token } from "./scanner.ts";
import { strayWord, wrongOperator } from "./syntax-hints.ts";
import { modifiers, operatorSyntax, type OperatorSyntax } from "./syntax.ts";

/** The tree of a condition, or why and where it is none. */
export type ParseResult =
  { readonly ok: true; readonly expr: Expr } | { readonly ok: false; readonly fault: SyntaxFault };

/** Parses a whole condition text. */
export function parseCondition(text: string): ParseResult {
  try {
    const scanner = new Scanner(text);
    scanner.takeBlanks();
    if (scanner.isAtEnd()) scanner.fail("cannot read an empty condition");
    const expr = parseOr(scanner);
    if (!scanner.isAtEnd()) {
      const expected = `cannot read on after the check before this: expected "and", "or" or the end`;
      scanner.fail(strayWord(text, scanner.position) ?? expected);
    }
    return { ok: true, expr };
  } catch (error) {
    if (error instanceof SyntaxFault) return { ok: false, fault: error };
    throw error;
  }
}

// expr = blank* orExpr blank*
// orExpr = andExpr { "or" ( blank+ andExpr | "(" expr ")" ) }
function parseOr(scanner: Scanner): Expr {
  return parseGroup(scanner, "or", parseAnd);
}

// andExpr = notExpr { "and" ( blank+ notExpr | "(" expr ")" ) }
function parseAnd(scanner: Scanner): Expr {
  return parseGroup(scanner, "and", parseNot);
}

function parseGroup(scanner: Scanner, word: "and" | "or", parse: (scanner: Scanner) => Expr): Expr {
  return scanner.nest(() => {
    scanner.takeBlanks();
    const first = parse(scanner);
    const operands = [first];
    scanner.takeBlanks();
    while (scanner.take(word)) {
      if (scanner.takeBlanks()) operands.push(parse(scanner));
      else if (scanner.take("(")) operands.push(parseEmbeddedRest(scanner));
      else scanner.fail(`cannot read on after "${word}": expected a blank or "("`);
      scanner.takeBlanks();
    }
    if (operands.length === 1) return first;
    const end = operands.at(-1)?.range.end ?? first.range.end;
    return { kind: word, operands, range: { start: first.range.start, end } };
  });
}

// notExpr = { "not" space+ } ( "not(" expr ")" | check )
function parseNot(scanner: Scanner): Expr {
  return scanner.nest(() => {
    scanner.takeBlanks();
    const start = scanner.position;
    let isNegated = false;
    while (scanner.takeNot()) isNegated = !isNegated;
    let operand: Expr;
    if (scanner.take("not(")) {
      isNegated = !isNegated;
      operand = parseEmbeddedRest(scanner);
    } else operand = parseCheck(scanner);
    if (!isNegated) return operand;
    return { kind: "not", operand, range: { start, end: scanner.position } };
  });
}

function parseEmbeddedRest(scanner: Scanner): Expr {
  return scanner.nest(() => {
    const open = scanner.position;
    const expr = parseOr(scanner);
    if (!scanner.take(")")) {
      const expected = `cannot read on here: expected "and", "or" or ")"`;
      if (!scanner.isAtEnd()) scanner.fail(strayWord(scanner.text, scanner.position) ?? expected);
      const range = { start: open - 1, end: open };
      const message = `cannot find the ")" that closes this "("`;
      throw new SyntaxFault(message, range, { stop: scanner.position });
    }
    return expr;
  });
}

// check = "(" expr ")" | lhs cond | identifier
// lhs = field | transformer
function parseCheck(scanner: Scanner): Expr {
  return scanner.nest(() => {
    scanner.takeBlanks();
    const start = scanner.position;
    if (scanner.take("(")) return parseEmbeddedRest(scanner);
    const field = scanner.takeFieldName();
    if (field !== undefined) return parseComparison(scanner, parseFieldRest(scanner, field));
    const transformer = takeTransformer(scanner);
    if (transformer !== undefined) {
      return parseComparison(scanner, parseTransformRest(scanner, transformer, start));
    }
    const macro = scanner.takeIdentifier();
    if (macro !== undefined) return { kind: "macro", name: macro.value, range: macro.range };
    const expected = `cannot read a check here: expected a field, a macro or "("`;
    return scanner.fail(strayWord(scanner.text, scanner.position) ?? expected);
  });
}

// cond = "exists" | operator operand
function parseComparison(scanner: Scanner, left: Operand): Expr {
  return scanner.nest(() => {
    scanner.takeBlanks();
    const start = scanner.position;
    const operator = takeOperator(scanner);
    if (operator === undefined) {
      return scanner.fail(wrongOperator(scanner.text, scanner.position));
    }
    const from = left.range.start;
    if (operator.operand === "none") {
      return { kind: "exists", left, range: { start: from, end: scanner.position } };
    }
    const operatorRange = { start, end: start + operator.name.length };
    const isBlankBefore = scanner.position > operatorRange.end || scanner.takeBlanks();
    scanner.takeBlanks();
    const modifier =
      operator.operand === "text" && isBlankBefore ? takeModifier(scanner) : undefined;
    const right =
      modifier === undefined ? parseRight(scanner, operator.operand) : parseListed(scanner);
    const range = { start: from, end: scanner.position };
    const parts = { kind: "compare", left, operator: operator.name, operatorRange } as const;
    const check: CompareExpr = { ...parts, right, range };
    return modifier === undefined ? check : { ...check, modifier };
  });
}

function takeOperator(scanner: Scanner): OperatorSyntax | undefined {
  const found = operatorSyntax.find(({ name }) => scanner.take(name));
  if (found?.needsBlank === true && !scanner.takeBlanks()) {
    scanner.fail(`cannot read on after "${found.name}": expected a blank`);
  }
  return found;
}

// modifier = ( "oneof" | "anyof" | "allof" ) blank+, and a list must follow
function takeModifier(scanner: Scanner): Modifier | undefined {
  const start = scanner.position;
  for (const modifier of modifiers) {
    if (!scanner.take(modifier)) continue;
    if (scanner.takeBlanks() && isListAhead(scanner)) return modifier;
    scanner.position = start;
  }
  return undefined;
}

function isListAhead(scanner: Scanner): boolean {
  if (scanner.looksAt("(")) return true;
  const start = scanner.position;
  const isName = scanner.takeIdentifier() !== undefined;
  scanner.position = start;
  const isConnective = ["and", "or", "not"].some(
    (word) => scanner.looksAt(word) && !isAlphanumeric(scanner.text[start + word.length]),
  );
  return isName && !isConnective;
}

// listOperand = list | identifier
function parseListed(scanner: Scanner): RightOperand {
  return scanner.nest(() => {
    if (scanner.looksAt("(")) return parseList(scanner);
    const token = scanner.takeIdentifier();
    if (token !== undefined) return { kind: "value", value: token.value, range: token.range };
    return scanner.fail("cannot read a list here: expected a list in parentheses or a name");
  });
}

// numop ( number | rhs ), strop ( string | rhs ), listop ( list | rhs | identifier )
function parseRight(scanner: Scanner, operand: OperatorSyntax["operand"]): RightOperand {
  return scanner.nest(() => {
    scanner.takeBlanks();
    if (operand === "list" && scanner.looksAt("(")) return parseList(scanner);
    const start = scanner.position;
    const rhs = parseRightField(scanner);
    if (rhs !== undefined) return rhs;
    const token = takeValue(scanner, operand);
    if (token !== undefined) return { kind: "value", value: token.value, range: token.range };
    if (operand !== "number" && `"'`.includes(scanner.text[start] ?? "x")) {
      return operand === "list"
        ? scanner.fail("cannot read a quoted string here: put it in parentheses")
        : scanner.fail("cannot find the end of this quoted string");
    }
    if (operand === "text" && scanner.looksAt("(")) {
      return scanner.fail("cannot read a list here: write in (…), or anyof before the list");
    }
    return scanner.fail(`cannot read a value here: expected ${expectations[operand]}`);
  });
}

const expectations = {
  none: "nothing",
  number: "a number, val(field) or a transformer",
  text: "a word, a quoted string, val(field) or a transformer",
  list: "a list in parentheses, a name, val(field) or a transformer",
} as const satisfies Record<OperatorSyntax["operand"], string>;

function takeValue(scanner: Scanner, operand: OperatorSyntax["operand"]): Token | undefined {
  switch (operand) {
    case "number":
      return scanner.takeNumber();
    case "text":
      return scanner.takeQuoted() ?? scanner.takeBareString();
    case "list":
      return scanner.takeIdentifier();
    case "none":
      return undefined;
  }
}

// rhs = "val(" field ")" | transformer
function parseRightField(scanner: Scanner): RightOperand | undefined {
  const start = scanner.position;
  if (scanner.take("val(")) {
    scanner.takeBlanks();
    const name = scanner.takeFieldName();
    if (name === undefined) return scanner.fail("cannot use val() on anything but a field");
    const field = parseFieldRest(scanner, name);
    scanner.takeBlanks();
    if (!scanner.take(")")) scanner.fail(`cannot read on here: expected ")" to close val(`);
    return { kind: "val", field, range: { start, end: scanner.position } };
  }
  const transformer = takeTransformer(scanner);
  return transformer === undefined ? undefined : parseTransformRest(scanner, transformer, start);
}

// list = "(" [ string { "," string } ] ")"
function parseList(scanner: Scanner): ListNode {
  const start = scanner.position;
  scanner.take("(");
  scanner.takeBlanks();
  const items: ValueNode[] = [];
  if (!scanner.looksAt(")")) {
    do {
      scanner.takeBlanks();
      items.push(parseListItem(scanner));
      scanner.takeBlanks();
    } while (scanner.take(","));
  }
  if (!scanner.take(")")) scanner.fail(`cannot read on in the list: expected "," or ")"`);
  return { kind: "list", items, range: { start, end: scanner.position } };
}

function parseListItem(scanner: Scanner): ValueNode {
  const token = scanner.takeQuoted() ?? scanner.takeBareString();
  if (token !== undefined) return { kind: "value", value: token.value, range: token.range };
  return scanner.fail("cannot read a list item here: expected a word or a quoted string");
}
