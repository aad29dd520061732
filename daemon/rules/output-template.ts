// SPDX-License-Identifier: Apache-2.0
import { fromByteString } from "../util/byte-string.ts";
import { errorAt, warningAt, type Diagnostic } from "../text/diagnostic.ts";
import type { LocatedText } from "../text/located-text.ts";
import { didYouMean } from "../text/nearest.ts";
import type { FieldValue } from "../model/alert.ts";
import type { FieldNode, Operand, TransformArg } from "../lang/ast.ts";
import type { FieldCatalogue, FieldType, Getter, Scalar, Value } from "../lang/field.ts";
import { resolveOperand, type ResolvedOperand } from "../lang/operand.ts";
import { parseOperandPrefix } from "../lang/parse-operand.ts";
import { printOperand } from "../lang/print.ts";

/** What one output says about one subject. */
export interface FormattedOutput {
  readonly output: string;
  /** The fields that the output names, by printed name; null where there is no value. */
  readonly fields: Readonly<Record<string, FieldValue>>;
}

/** An output text, compiled. */
export interface OutputTemplate<E> {
  format(subject: E): FormattedOutput;
}

/** The template, or what is wrong with the text. */
export interface TemplateResult<E> {
  readonly template: OutputTemplate<E>;
  readonly diagnostics: readonly Diagnostic[];
}

/** What stands in an output where a field has no value. */
const missingText = "<NA>";

/** A literal piece, or a field to read. */
type Part<E> =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "field";
      readonly get: Getter<E>;
      readonly type: FieldType;
      /** Characters to pad or cut to; 0 for as many as there are. */
      readonly width: number;
    };

/**
 * Compiles `text %field %12field %transformer(field)`; a leading `*` is accepted and does not show: missing values
 * are always shown as `<NA>`, as Falco does for rules.
 */
export function compileTemplate<E>(
  text: LocatedText,
  catalogue: FieldCatalogue<E>,
): TemplateResult<E> {
  const reader = new TemplateReader(text, catalogue);
  reader.read(text.value.startsWith("*") ? 1 : 0);
  const { parts, fields, diagnostics } = reader;
  const named = [...fields];
  return {
    diagnostics,
    template: {
      format: (subject) => ({
        output: parts.map((part) => printPart(part, subject)).join(""),
        fields: Object.fromEntries(named.map(([name, get]) => [name, fieldValue(get(subject))])),
      }),
    },
  };
}

/** A value as alerts carry it: texts decoded, null for none. */
function fieldValue(value: Value | undefined): FieldValue {
  if (value === undefined) return null;
  if (typeof value === "string") return fromByteString(value);
  return typeof value === "object" ? value.map(fieldValue) : value;
}

function printPart<E>(part: Part<E>, subject: E): string {
  if (part.kind === "text") return part.text;
  const text = printValue(part.get(subject), part.type);
  return part.width === 0 ? text : text.slice(0, part.width).padEnd(part.width);
}

function printValue(value: Value | undefined, type: FieldType): string {
  if (value === undefined) return missingText;
  if (typeof value === "object")
    return `(${value.map((item) => printScalar(item, type)).join(",")})`;
  return printScalar(value, type);
}

function printScalar(value: Scalar, type: FieldType): string {
  if (type === "f64" && typeof value === "number") return value.toFixed(1);
  if (typeof value !== "string") return String(value);
  return type === "bytes" ? value.replace(/[^\x20-\x7e]/g, ".") : fromByteString(value);
}

/** An operand found behind a `%`, and where it ends. */
interface Found<E> {
  readonly node: Operand;
  readonly operand: ResolvedOperand<E>;
  readonly end: number;
}

class TemplateReader<E> {
  readonly parts: Part<E>[] = [];
  readonly fields = new Map<string, Getter<E>>();
  readonly diagnostics: Diagnostic[] = [];
  readonly #text: LocatedText;
  readonly #catalogue: FieldCatalogue<E>;

  constructor(text: LocatedText, catalogue: FieldCatalogue<E>) {
    this.#text = text;
    this.#catalogue = catalogue;
  }

  // format = { character | "%" [ width ] ( field | transformer ) }
  read(start: number): void {
    const { value } = this.#text;
    let at = start;
    while (at < value.length) {
      const percent = value.indexOf("%", at);
      const end = percent < 0 ? value.length : percent;
      if (end > at) this.parts.push({ kind: "text", text: value.slice(at, end) });
      if (percent < 0) return;
      at = this.#readField(percent);
    }
  }

  #readField(percent: number): number {
    const { value } = this.#text;
    let start = percent + 1;
    while (/[0-9]/.test(value.charAt(start))) start += 1;
    const infoEnd = start + "container.info".length;
    if (value.slice(start, infoEnd) === "container.info") {
      this.#warn("%container.info is deprecated and shows nothing", percent, infoEnd);
      return infoEnd;
    }
    const found = this.#find(start);
    if (found === undefined) {
      this.#refuse(percent, start);
      return start;
    }
    const { node, operand, end } = found;
    const get = getterOf(operand);
    const width = Number(value.slice(percent + 1, start));
    if (operand.spec?.isFilterOnly === true || get === undefined) {
      this.#error(`cannot print field "${printOperand(node)}": it is for conditions`, start, end);
    } else this.parts.push({ kind: "field", get, type: operand.type, width });
    this.#noteFields(node);
    return end;
  }

  /** The longest operand at a position that is known: what follows it is ordinary text. */
  #find(start: number): Found<E> | undefined {
    const { value } = this.#text;
    const parsed = parseOperandPrefix(value, start);
    const resolved = parsed && resolveOperand(parsed.operand, this.#catalogue);
    if (parsed !== undefined && resolved?.ok === true) {
      return { node: parsed.operand, operand: resolved.operand, end: parsed.end };
    }
    const name = /[A-Za-z0-9_.]*/y;
    name.lastIndex = start;
    name.exec(value);
    for (let end = name.lastIndex; end > start; end--) {
      const range = { start, end };
      const node: FieldNode = { kind: "field", name: value.slice(start, end), range };
      const shorter = resolveOperand(node, this.#catalogue);
      if (shorter.ok) return { node, operand: shorter.operand, end };
    }
    return undefined;
  }

  #noteFields(node: TransformArg): void {
    if (node.kind === "value") return;
    if (node.kind !== "field") {
      const inner = node.kind === "arg-list" ? node.items : node.args;
      for (const item of inner) this.#noteFields(item);
      return;
    }
    const resolved = resolveOperand(node, this.#catalogue);
    const get = resolved.ok ? getterOf(resolved.operand) : undefined;
    if (get !== undefined) this.fields.set(printOperand(node), get);
  }

  #refuse(percent: number, start: number): void {
    const word = /[A-Za-z0-9_.]+/y;
    word.lastIndex = start;
    const name = word.exec(this.#text.value)?.[0] ?? "";
    const end = start + name.length;
    if (name === "") {
      this.#error(`cannot print this "%": expected a field behind it`, percent, start);
      return;
    }
    const hint = didYouMean(name, this.#catalogue.names());
    this.#error(`cannot print field "${name}"${hint || ": no such field"}`, percent, end);
  }

  #error(message: string, start: number, end: number): void {
    const span = this.#text.spanOf(start, end);
    this.diagnostics.push(errorAt({ code: "output", message, span }));
  }

  #warn(message: string, start: number, end: number): void {
    const span = this.#text.spanOf(start, end);
    this.diagnostics.push(warningAt({ code: "deprecated", message, span }));
  }
}

function getterOf<E>(operand: ResolvedOperand<E>): Getter<E> | undefined {
  const { reader } = operand;
  if (reader === undefined) return () => undefined;
  if (reader.kind === "one") return reader.get;
  return reader.kind === "any" ? reader.print : undefined;
}
