// SPDX-License-Identifier: Apache-2.0
import { errorAt, type Diagnostic } from "./diagnostic.ts";
import { keysAt, type JsonSchema } from "./json-schema.ts";
import { nearestName } from "./nearest.ts";
import { describeYaml, type YamlNode } from "./yaml-node.ts";
import { keySpanAt, nodeAt, spanAt, type YamlPath } from "./yaml-path.ts";

/** What the schema library says of one fault: the common shape of its issues, as far as it is read here. */
export interface SchemaIssue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  /** The schema's own words, or "" where it has none. */
  readonly message: string;
  readonly expected?: string;
  readonly values?: readonly unknown[];
  readonly keys?: readonly string[];
  /** For each alternative of a union, what is wrong with the value by it. */
  readonly errors?: readonly (readonly SchemaIssue[])[];
  /** What is wrong with a key of a map whose keys are free. */
  readonly issues?: readonly SchemaIssue[];
  readonly origin?: string;
  readonly minimum?: number | bigint;
  readonly maximum?: number | bigint;
}

/** What is wrong, in a document and by a schema: what every message is made from. */
interface Context {
  readonly root: YamlNode;
  /** Only built when a key is unknown. */
  readonly jsonSchema: () => JsonSchema;
}

/** Turns issues into diagnostics with places in the document, one for each fault. */
export function readIssues(
  issues: readonly SchemaIssue[],
  context: Context,
): readonly Diagnostic[] {
  // What else is said of a map with an unknown key only follows from that key.
  const unknown = issues.filter(({ code }) => code === "unrecognized_keys").map(placeOf);
  return issues
    .filter((issue) => issue.code !== "custom" || !unknown.includes(placeOf(issue)))
    .flatMap((issue) => readIssue(issue, context));
}

function placeOf(issue: SchemaIssue): string {
  return JSON.stringify(pathOf(issue));
}

function readIssue(issue: SchemaIssue, context: Context): readonly Diagnostic[] {
  const path = pathOf(issue);
  if (issue.code === "unrecognized_keys")
    return (issue.keys ?? []).map((key) => unknownKey(path, key, context));
  if (issue.code === "invalid_key") return [wrongKey(issue, context)];
  const branch = issue.code === "invalid_union" ? nearestBranch(issue) : undefined;
  if (branch === undefined) return [wrongValue(issue, context)];
  const inner = branch.map((one) => ({ ...one, path: [...issue.path, ...one.path] }));
  return readIssues(inner, context);
}

function unknownKey(parent: YamlPath, key: string, context: Context): Diagnostic {
  const path = [...parent, key];
  const known = keysAt(context.jsonSchema(), parent);
  const nearest = nearestName(key, known);
  const end = nearest === undefined ? `known keys are ${listed(known)}` : didYouMean(nearest);
  return errorAt({
    code: "unknown-key",
    message: `cannot use the key ${quoted(keysOf(path))} here: ${end}`,
    span: keySpanAt(context.root, path) ?? spanAt(context.root, parent),
  });
}

function wrongKey({ path, issues = [] }: SchemaIssue, { root }: Context): Diagnostic {
  const at = pathOf({ path });
  const message = issues[0]?.message ?? "";
  const span = keySpanAt(root, at) ?? spanAt(root, at);
  if (message.startsWith("cannot")) return errorAt({ code: "wrong-key", message, span });
  const key = String(at.at(-1) ?? "");
  return errorAt({
    code: "wrong-key",
    message: `cannot use the key ${quoted(key)}: ${message}`,
    span,
  });
}

function wrongValue(issue: SchemaIssue, { root }: Context): Diagnostic {
  const path = pathOf(issue);
  const span = spanAt(root, path);
  if (issue.message.startsWith("cannot"))
    return errorAt({ code: "wrong-value", message: issue.message, span });
  const expected = issue.message === "" ? expectation(issue) : issue.message;
  const node = nodeAt(root, path);
  const isMissing = node === undefined || (node.kind === "scalar" && node.type === "null");
  if (isMissing && typeof path.at(-1) === "string")
    return errorAt({
      code: "missing-key",
      message: `cannot find ${quoted(keysOf(path))}: ${expected}`,
      span,
    });
  const got = node === undefined ? "" : `, got ${shown(node)}`;
  const message = `cannot read ${placeName(path)}: ${expected}${got}${hint(issue, node)}`;
  return errorAt({ code: "wrong-value", message, span });
}

/** The alternative that the value was meant for: one whose kind of value it is, with the fewest faults. */
function nearestBranch(issue: SchemaIssue): readonly SchemaIssue[] | undefined {
  const meant = (issue.errors ?? []).filter((branch) => !branch.some(isOfOtherKind));
  return meant.toSorted((a, b) => a.length - b.length)[0];
}

function isOfOtherKind({ code, path }: SchemaIssue): boolean {
  return path.length === 0 && (code === "invalid_type" || code === "invalid_value");
}

function expectation(issue: SchemaIssue): string {
  switch (issue.code ?? "") {
    case "invalid_value":
      return `expected ${alternatives((issue.values ?? []).map(String))}`;
    case "invalid_union":
      return `expected ${alternatives(branchWords(issue))}`;
    case "too_small":
      return `expected at least ${amount(issue, issue.minimum)}`;
    case "too_big":
      return `expected at most ${amount(issue, issue.maximum)}`;
    default:
      return `expected ${kindWord(issue.expected ?? "")}`;
  }
}

function branchWords(issue: SchemaIssue): readonly string[] {
  const firsts = (issue.errors ?? []).flatMap((branch) => branch.slice(0, 1));
  const words = firsts.map((inner) => (inner.message === "" ? expectation(inner) : inner.message));
  return [...new Set(words.map((word) => word.replace("expected ", "")))];
}

function amount({ origin }: SchemaIssue, bound: number | bigint = 0): string {
  if (origin === "array") return bound === 1 ? "one item" : `${bound.toString()} items`;
  if (origin === "string") return bound === 1 ? "one character" : `${bound.toString()} characters`;
  return bound.toString();
}

function kindWord(expected: string): string {
  return kindWords.get(expected) ?? "another value";
}

const kindWords: ReadonlyMap<string, string> = new Map([
  ["string", "text"],
  ["number", "a number"],
  ["int", "a whole number"],
  ["boolean", "true or false"],
  ["array", "a list"],
  ["object", "a map"],
  ["record", "a map"],
]);

function hint(issue: SchemaIssue, node: YamlNode | undefined): string {
  if (node?.kind !== "scalar") return "";
  if (issue.expected === "string" && issue.message === "") return ": put it in quotes";
  const nearest = nearestName(node.value, valuesOf(issue).map(String));
  return nearest === undefined ? "" : `; ${didYouMean(nearest)}`;
}

/** The words that would have been right, by whichever alternative. */
function valuesOf({ values = [], errors = [] }: SchemaIssue): readonly unknown[] {
  return [...values, ...errors.flatMap((branch) => branch.flatMap(valuesOf))];
}

const shownLengthMax = 60;

function shown(node: YamlNode): string {
  if (node.kind === "sequence" && node.items.length === 0) return "an empty list";
  if (node.kind !== "scalar" || node.type === "null") return describeYaml(node);
  const { value } = node;
  const text = value.length > shownLengthMax ? `${value.slice(0, shownLengthMax)}…` : value;
  return node.type === "string" ? quoted(text) : text;
}

function placeName(path: YamlPath): string {
  const last = path.at(-1);
  if (last === undefined) return "the file";
  if (typeof last === "string") return quoted(keysOf(path));
  return `item ${last + 1} of ${quoted(keysOf(path.slice(0, -1)))}`;
}

/** The keys since the last list, joined by dots: enough beside a line and a column. */
function keysOf(path: YamlPath): string {
  const afterList = path.findLastIndex((step) => typeof step === "number") + 1;
  return path.slice(afterList).join(".");
}

function pathOf({ path }: Pick<SchemaIssue, "path">): YamlPath {
  return path.map((step) => (typeof step === "number" ? step : String(step)));
}

function didYouMean(name: string): string {
  return `did you mean "${name}"?`;
}

function quoted(text: string): string {
  return `"${text}"`;
}

function listed(words: readonly string[]): string {
  return words.toSorted().join(", ");
}

function alternatives(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1) ?? ""}`;
}
