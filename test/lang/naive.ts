// SPDX-License-Identifier: Apache-2.0
// A second, plain meaning of conditions, for tests: it walks the tree at every question, keeps nothing, and folds nothing.
import type { CompareExpr, Expr, Operand, TransformArg } from "../../daemon/lang/ast.ts";
import type { FieldType, Scalar, Value } from "../../daemon/lang/field.ts";
import type { RecordSubject } from "./record-subject.ts";

const fieldTypes: Readonly<Record<string, FieldType>> = {
  "t.i32": "i32",
  "t.u64": "u64",
  "t.bool": "bool",
};

/** Whether the condition holds for the subject, by the words of the specification. */
export function naively(expr: Expr, subject: RecordSubject): boolean {
  switch (expr.kind) {
    case "and":
      return expr.operands.every((operand) => naively(operand, subject));
    case "or":
      return expr.operands.some((operand) => naively(operand, subject));
    case "not":
      return !naively(expr.operand, subject);
    case "expanded":
      return naively(expr.body, subject);
    case "macro":
      throw new Error(`macro ${expr.name} is not expanded`);
    case "exists":
      return valueOf(expr.left, subject) !== undefined;
    case "compare":
      return compares(expr, subject);
  }
}

function compares(expr: CompareExpr, subject: RecordSubject): boolean {
  const value = valueOf(expr.left, subject);
  if (value === undefined) return false;
  const { right, operator } = expr;
  if (right.kind === "val" || right.kind === "transform") {
    const other = valueOf(right.kind === "val" ? right.field : right, subject);
    if (other === undefined) return false;
    return relates(operator, value, listOf(other));
  }
  const type = typeOf(expr.left);
  const values = right.kind === "list" ? right.items : [right];
  const literals = values.map((item) => literal(item.value, type));
  if (expr.left.kind === "field" && expr.left.name === "t.any") {
    return listOf(value).some((one) => relatesModified(expr, one, literals));
  }
  return relatesModified(expr, value, literals);
}

function relatesModified(
  { operator, modifier }: CompareExpr,
  value: Value,
  literals: readonly Scalar[],
): boolean {
  if (modifier === undefined) return relates(operator, value, literals);
  const count = literals.filter((item) => relates(operator, value, [item])).length;
  if (modifier === "anyof") return count > 0;
  return modifier === "oneof" ? count === 1 : count > 0 && count === literals.length;
}

function relates(operator: string, value: Value, right: readonly Scalar[]): boolean {
  if (operator === "in") {
    const members = listOf(value);
    return members.length > 0 && members.every((one) => right.some((item) => same(one, item)));
  }
  if (operator === "intersects")
    return listOf(value).some((one) => right.some((item) => same(one, item)));
  if (operator === "pmatch") return right.some((item) => hasPath(String(value), String(item)));
  const [item] = right;
  return item !== undefined && typeof value !== "object" && relatesOne(operator, value, item);
}

const relations: Readonly<Record<string, (a: Scalar, b: Scalar) => boolean>> = {
  "=": same,
  "==": same,
  "!=": (a, b) => !same(a, b),
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

const textRelations: Readonly<Record<string, (a: string, b: string) => boolean>> = {
  contains: (a, b) => a.includes(b),
  icontains: (a, b) => a.toLowerCase().includes(b.toLowerCase()),
  startswith: (a, b) => a.startsWith(b),
  endswith: (a, b) => b === "" || a.endsWith(b),
  glob: globs,
  iglob: (a, b) => globs(a.toLowerCase(), b.toLowerCase()),
  regex: (a, b) => new RegExp(`^(?:${b})$`).test(a),
};

function relatesOne(operator: string, a: Scalar, b: Scalar): boolean {
  const relation = relations[operator];
  if (relation !== undefined) return relation(a, b);
  const textRelation = textRelations[operator];
  if (textRelation === undefined) throw new Error(`no meaning for ${operator}`);
  return textRelation(String(a), String(b));
}

/** Only `*` and `?`, tried in every way there is. */
function globs(text: string, pattern: string): boolean {
  if (pattern === "") return text === "";
  if (pattern.startsWith("*"))
    return globs(text, pattern.slice(1)) || (text !== "" && globs(text.slice(1), pattern));
  if (text === "") return false;
  const [first = ""] = pattern;
  const isFit = first === "?" || text.startsWith(first);
  return isFit && globs(text.slice(1), pattern.slice(1));
}

function hasPath(path: string, prefix: string): boolean {
  const parts = path.split("/").filter((part) => part !== "");
  const wanted = prefix.split("/").filter((part) => part !== "");
  return wanted.length <= parts.length && wanted.every((part, i) => globs(parts[i] ?? "", part));
}

function valueOf(node: Operand, subject: RecordSubject): Value | undefined {
  if (node.kind === "field") {
    const name = node.argument === undefined ? node.name : `${node.name}[${node.argument}]`;
    return Object.hasOwn(subject, name) ? subject[name] : undefined;
  }
  const values = node.args.map((arg) => argOf(arg, subject));
  const known = values.filter((value) => value !== undefined);
  return known.length < values.length ? undefined : transformed(node.name, known);
}

function argOf(arg: TransformArg, subject: RecordSubject): Value | undefined {
  if (arg.kind === "value") return arg.value;
  if (arg.kind !== "arg-list") return valueOf(arg, subject);
  const items = arg.items.map((item) => argOf(item, subject));
  const known = items.filter((item) => item !== undefined && typeof item !== "object");
  return known.length < items.length ? undefined : known;
}

function transformed(name: string, args: readonly Value[]): Value | undefined {
  const [first = "", second = ""] = args;
  switch (name) {
    case "tolower":
      return String(first).toLowerCase();
    case "toupper":
      return String(first).toUpperCase();
    case "basename":
      return String(first).replace(/^[^]*\//, "");
    case "len":
      return typeof first === "object" ? first.length : String(first).length;
    case "b64":
      return decoded(String(first));
    case "join":
      return listOf(second).join(String(first));
    case "concat":
      return args.join("");
    case "getopt":
      return options(listOf(first).map(String), String(second));
    default:
      throw new Error(`no meaning for ${name}`);
  }
}

/** RFC 4648 by Node's decoder, which takes anything: what is none is refused first. */
function decoded(text: string): string | undefined {
  const digits = /^([A-Za-z0-9+/]*)(={0,2})$/.exec(text);
  if (digits === null || (digits[1] ?? "").length % 4 === 1) return undefined;
  if (digits[2] !== "" && text.length % 4 !== 0) return undefined;
  return Buffer.from(text, "base64").toString("latin1").split("\0")[0];
}

/** getopt(3): letters and values in their order; `?` for a letter that is none of the options. */
function options(words: readonly string[], letters: string): readonly string[] {
  const found: string[] = [];
  const left = [...words];
  for (let word = left.shift() ?? ""; isOption(word); word = left.shift() ?? "") {
    if (!word.startsWith("--")) found.push(...lettersOf(word.slice(1), letters, left));
  }
  return found;
}

function isOption(word: string): boolean {
  return word.startsWith("-") && word !== "-" && word !== "--";
}

// The letters of one word; a value is what stands behind its letter, else the next word, which is taken from `left`.
function lettersOf(word: string, letters: string, left: string[]): readonly string[] {
  const [letter, ...rest] = word;
  if (letter === undefined) return [];
  const place = letters.indexOf(letter);
  if (place < 0) return ["?", ...lettersOf(rest.join(""), letters, left)];
  if (letters.charAt(place + 1) !== ":")
    return [letter, ...lettersOf(rest.join(""), letters, left)];
  return [letter, rest.length > 0 ? rest.join("") : (left.shift() ?? "")];
}

function typeOf(node: Operand): FieldType {
  if (node.kind === "field") return fieldTypes[node.name] ?? "string";
  return node.name === "len" ? "u64" : "string";
}

function literal(text: string, type: FieldType): Scalar {
  if (type === "bool") return text === "true";
  if (type === "i32" || type === "u64") return Number(text);
  return text;
}

function same(a: Scalar, b: Scalar): boolean {
  return String(a) === String(b);
}

function listOf(value: Value): readonly Scalar[] {
  return typeof value === "object" ? value : [value];
}
