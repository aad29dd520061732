// SPDX-License-Identifier: Apache-2.0
// A second, plain meaning of conditions, for tests: it walks the tree at every question, keeps nothing, and folds nothing.
import { BlockList } from "node:net";
import type {
  CompareExpr,
  Expr,
  Operand,
  TransformArg,
  TransformNode,
} from "../../daemon/lang/ast.ts";
import type { Scalar, Value } from "../../daemon/lang/field.ts";
import type { RecordSubject } from "./record-subject.ts";

/** Addresses that conditions of the tests name, and their bytes. */
export const addressBytes: Readonly<Record<string, string>> = {
  "1.2.3.4": "\x01\x02\x03\x04",
  "10.0.0.1": "\x0a\0\0\x01",
  "::1": `${"\0".repeat(15)}\x01`,
  "2001:db8::5": `\x20\x01\x0d\xb8${"\0".repeat(11)}\x05`,
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
    return other !== undefined && !isNever(expr) && relates(operator, value, listOf(other));
  }
  const type = typeOf(expr.left);
  const values = right.kind === "list" ? right.items : [right];
  const literals = values.map((item) =>
    operator.startsWith("b") ? hexBytes(item.value) : literal(item.value, type),
  );
  if (type !== "any" && type !== "ends") return relatesModified(expr, value, literals);
  const one = (item: Scalar): boolean => relatesModified(expr, item, literals);
  const isOfAll = type === "ends" && operator === "!=";
  return isOfAll ? listOf(value).every(one) : listOf(value).some(one);
}

/** What upstream's transformers of one text yield is a member of nothing (quirk). */
function isNever({ operator, right }: CompareExpr): boolean {
  const isOfOneText =
    right.kind === "transform" && ["tolower", "toupper", "basename", "b64"].includes(right.name);
  return isOfOneText && ["in", "intersects"].includes(operator);
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
    return members.every((one) => right.some((item) => same(one, item)));
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
  bcontains: (a, b) => a.includes(b),
  bstartswith: (a, b) => a.startsWith(b),
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
    const name = printedName(node.name, node.argument);
    return Object.hasOwn(subject, name) ? subject[name] : undefined;
  }
  const values = node.args.map((arg) => argOf(arg, subject));
  const known = values.filter((value) => value !== undefined);
  return known.length < values.length ? undefined : transformed(node, known);
}

/** `t.dotted.x` is `t.dotted[x]`. */
function printedName(name: string, argument: string | undefined): string {
  if (name.startsWith("t.dotted.")) return `t.dotted[${name.slice("t.dotted.".length)}]`;
  return argument === undefined ? name : `${name}[${argument}]`;
}

function argOf(arg: TransformArg, subject: RecordSubject): Value | undefined {
  if (arg.kind === "value") return arg.value;
  if (arg.kind !== "arg-list") return valueOf(arg, subject);
  const items = arg.items.map((item) => argOf(item, subject));
  const known = items.filter((item) => item !== undefined && typeof item !== "object");
  return known.length < items.length ? undefined : known;
}

function transformed({ name, index }: TransformNode, args: readonly Value[]): Value | undefined {
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
      return optionsOf(options(listOf(first).map(String), String(second)), index);
    default:
      throw new Error(`no meaning for ${name}`);
  }
}

/** RFC 4648 by Node's decoder, which takes anything: what is none is refused first. */
function decoded(text: string): string | undefined {
  const digits = text.endsWith("==") ? text.slice(0, -2) : text.replace(/=$/, "");
  const bytes = Buffer.from(digits, "base64");
  const isWhole = bytes.toString("base64").replace(/=+$/, "") === digits;
  if (!isWhole || (digits === "" && text !== "")) return undefined;
  return bytes.toString("latin1").split("\0")[0];
}

/** An option: its letter, `?` for one that is none, and its value. */
type Option = readonly [letter: string, value?: string | undefined];

function optionsOf(given: readonly Option[], wanted: string | undefined): Value | undefined {
  if (wanted !== undefined) {
    const last = given.filter(([letter]) => letter === wanted && letter !== "?").at(-1);
    return last && (last.length === 1 ? last[0] : (last[1] ?? ""));
  }
  return given.flatMap((option) => {
    if (option.length === 1) return [option[0]];
    return option[1] === undefined ? [""] : [option[0], option[1]];
  });
}

/** getopt(3): letters and values in their order. */
function options(words: readonly string[], letters: string): readonly Option[] {
  const found: Option[] = [];
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
function lettersOf(word: string, letters: string, left: string[]): readonly Option[] {
  const [letter, ...rest] = word;
  if (letter === undefined) return [];
  const isKnown = letter !== ":" && letters.includes(letter);
  if (!isKnown) return [["?"], ...lettersOf(rest.join(""), letters, left)];
  if (!letters.includes(`${letter}:`))
    return [[letter], ...lettersOf(rest.join(""), letters, left)];
  return [[letter, rest.length > 0 ? rest.join("") : left.shift()]];
}

function typeOf(node: Operand): string {
  if (node.kind === "field") return node.name.split(".")[1] ?? "";
  return node.name === "len" ? "u64" : "str";
}

function literal(text: string, type: string): Scalar {
  const integer = /^[iu]([0-9]+)$/.exec(type);
  if (integer !== null) {
    const value = BigInt(text.replace("+", ""));
    return type.startsWith("u") ? BigInt.asUintN(Number(integer[1]), value) : value;
  }
  if (type === "f64" || type === "port") return text === "http" ? 80 : Number(text);
  if (type === "bool") return text === "true";
  return type === "ip" || type === "ends" ? (addressBytes[text] ?? "") : text;
}

function hexBytes(digits: string): string {
  return Buffer.from(digits, "hex").toString("latin1");
}

function same(a: Scalar, b: Scalar): boolean {
  const slash = typeof b === "string" ? b.indexOf("/") : -1;
  const isNetwork = typeof b === "string" && /^[0-9a-f.:]+\/[0-9]+$/.test(b);
  return isNetwork
    ? isInside(String(a), b.slice(0, slash), Number(b.slice(slash + 1)))
    : String(a) === String(b);
}

/** By Node's own list of networks. */
function isInside(bytes: string, address: string, prefix: number): boolean {
  const known = Object.entries(addressBytes).find(([, value]) => value === bytes)?.[0] ?? "";
  const family = (text: string): "ipv4" | "ipv6" => (text.includes(":") ? "ipv6" : "ipv4");
  if (family(known) !== family(address)) return false;
  const list = new BlockList();
  list.addSubnet(address, prefix, family(address));
  return list.check(known, family(known));
}

function listOf(value: Value): readonly Scalar[] {
  return typeof value === "object" ? value : [value];
}
