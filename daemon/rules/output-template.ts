// SPDX-License-Identifier: Apache-2.0
import { fromByteString, toByteString, type ByteString } from "../util/byte-string.ts";
import { errorAt, warningAt, type Diagnostic } from "../text/diagnostic.ts";
import type { LocatedText } from "../text/located-text.ts";
import { didYouMean } from "../text/nearest.ts";
import type { FieldValue } from "../model/alert.ts";
import type { FieldNode, Operand, TransformArg } from "../lang/ast.ts";
import type { FieldCatalogue, Getter } from "../lang/field.ts";
import { resolveOperand, type ResolvedOperand } from "../lang/operand.ts";
import { parseOperandPrefix } from "../lang/parse-operand.ts";
import { printOperand } from "../lang/print.ts";
import { fieldValue, printValue, type ValueForm } from "./output-value.ts";

/** What one output says about one subject. */
export interface FormattedOutput {
  readonly output: string;
  /** The fields that the output names, by printed name, in that order; null where there is no value. */
  readonly fields: Readonly<Record<string, FieldValue>>;
}

/** An output text, compiled. */
export interface OutputTemplate<E> {
  /** As Falco does for rules: a missing value shows as `<NA>`. */
  format(subject: E): FormattedOutput;
  /** The text has no leading `*`: where a value is missing, upstream says that it could not format it. */
  readonly needsAllValues: boolean;
  /** As the text says: without a leading `*`, a missing value cuts the text off and `isComplete` is false. */
  render(subject: E): { readonly text: string; readonly isComplete: boolean };
}

/** The template, or what is wrong with the text. */
export interface TemplateResult<E> {
  readonly template: OutputTemplate<E>;
  readonly diagnostics: readonly Diagnostic[];
}

/** What stands in an output where a field has no value. */
const missingText = "<NA>";

/** How far a transformer is looked for whose index has to be left out. */
const operandLengthMax = 1024;

/** Bytes that a width may pad to. */
const widthMax = 65_536;

/** A literal piece, or a field to read. */
type Part<E> =
  | { readonly kind: "text"; readonly text: ByteString }
  | {
      readonly kind: "field";
      readonly get: Getter<E>;
      readonly form: ValueForm;
      /** Bytes to pad or cut to; 0 for as many as there are. */
      readonly width: number;
    };

/** A field that the text names, and how alerts carry it. */
interface NamedField<E> {
  readonly get: Getter<E>;
  readonly form: ValueForm;
}

/**
 * Compiles `text %field %12field %transformer(field)`; a leading `*` does not show: it lets missing values be
 * `<NA>`.
 */
export function compileTemplate<E>(
  text: LocatedText,
  catalogue: FieldCatalogue<E>,
): TemplateResult<E> {
  const reader = new TemplateReader(text, catalogue);
  const hasStar = text.value.startsWith("*");
  reader.read(hasStar ? 1 : 0);
  const { parts, diagnostics } = reader;
  const named = [...reader.fields].sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  const raw = catalogue.find("evt.rawtime")?.spec.bind?.(undefined);
  const timeOf = raw?.kind === "one" ? raw.get : (): undefined => undefined;
  return {
    diagnostics,
    template: {
      needsAllValues: !hasStar,
      format: (subject) => ({
        output: fromByteString(renderParts(parts, subject, false).text),
        fields: Object.fromEntries(
          named.map(([name, { get, form }]) => {
            const value = form.style === "time" ? timeOf(subject) : get(subject);
            return [name, value === undefined ? null : fieldValue(value, form)];
          }),
        ),
      }),
      render(subject) {
        const { text: bytes, isComplete } = renderParts(parts, subject, !hasStar);
        return { text: fromByteString(bytes), isComplete };
      },
    },
  };
}

function renderParts<E>(
  parts: readonly Part<E>[],
  subject: E,
  isStrict: boolean,
): { readonly text: ByteString; readonly isComplete: boolean } {
  let text = "";
  for (const part of parts) {
    if (part.kind === "text") {
      text += part.text;
      continue;
    }
    const value = part.get(subject);
    if (value === undefined && isStrict) return { text, isComplete: false };
    const shown = value === undefined ? missingText : printValue(value, part.form);
    text += part.width === 0 ? shown : shown.slice(0, part.width).padEnd(part.width);
  }
  return { text, isComplete: true };
}

/** An operand found behind a `%`, and where it ends. */
interface Found<E> {
  readonly node: Operand;
  readonly operand: ResolvedOperand<E>;
  readonly end: number;
}

class TemplateReader<E> {
  readonly parts: Part<E>[] = [];
  readonly fields = new Map<string, NamedField<E>>();
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
    if (value === "") this.#error("cannot use an empty output", [0, 0]);
    let at = start;
    while (at < value.length) {
      const percent = value.indexOf("%", at);
      const end = percent < 0 ? value.length : percent;
      if (end > at) this.parts.push({ kind: "text", text: toByteString(value.slice(at, end)) });
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
    const width = Math.min(Number(value.slice(percent + 1, start)), widthMax);
    if (operand.spec?.isFilterOnly === true || get === undefined) {
      this.#error(`cannot print field "${printOperand(node)}": it is for conditions`, [start, end]);
    } else this.parts.push({ kind: "field", get, form: formOf(operand), width });
    this.#noteFields(node);
    return end;
  }

  /** The longest operand at a position that is known: what follows it is ordinary text. */
  #find(start: number): Found<E> | undefined {
    const { value } = this.#text;
    const whole = this.#parse(value, start) ?? this.#findWithoutIndex(start);
    if (whole !== undefined) return whole;
    const longest = /[A-Za-z0-9_.]{0,256}/y;
    longest.lastIndex = start;
    longest.exec(value);
    for (let end = longest.lastIndex; end > start; end--) {
      const name = value.slice(start, end);
      if (this.#catalogue.find(name) === undefined) continue;
      const node: FieldNode = { kind: "field", name, range: { start, end } };
      const shorter = resolveOperand(node, this.#catalogue);
      if (shorter.ok) return { node, operand: shorter.operand, end };
    }
    return undefined;
  }

  #parse(text: string, start: number): Found<E> | undefined {
    const parsed = parseOperandPrefix(text, start);
    const resolved = parsed && resolveOperand(parsed.operand, this.#catalogue);
    if (parsed === undefined || resolved?.ok !== true) return undefined;
    return { node: parsed.operand, operand: resolved.operand, end: parsed.end };
  }

  /** A transformer whose index is none: `%toupper(proc.name)[0]` is followed by the text `[0]`. */
  #findWithoutIndex(start: number): Found<E> | undefined {
    const { value } = this.#text;
    const near = value.slice(start, start + operandLengthMax);
    for (let at = near.lastIndexOf(")["); at > 0; at = near.lastIndexOf(")[", at - 1)) {
      const found = this.#parse(value.slice(0, start + at + 1), start);
      if (found !== undefined) return found;
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
    if (resolved.ok && get !== undefined) {
      this.fields.set(printOperand(node), { get, form: formOf(resolved.operand) });
    }
  }

  #refuse(percent: number, start: number): void {
    const word = /[A-Za-z0-9_.]+/y;
    word.lastIndex = start;
    const name = word.exec(this.#text.value)?.[0] ?? "";
    const end = start + name.length;
    if (name === "") {
      const code = start < this.#text.value.length ? "output-field" : "output";
      this.#error(`cannot print this "%": expected a field behind it`, [percent, start], code);
      return;
    }
    const hint = didYouMean(name, this.#catalogue.names());
    this.#error(
      `cannot print field "${name}"${hint || ": no such field"}`,
      [percent, end],
      "output-field",
    );
  }

  #error(message: string, [start, end]: readonly [number, number], code = "output"): void {
    const span = this.#text.spanOf(start, end);
    this.diagnostics.push(errorAt({ code, message, span }));
  }

  #warn(message: string, start: number, end: number): void {
    const span = this.#text.spanOf(start, end);
    this.diagnostics.push(warningAt({ code: "deprecated", message, span }));
  }
}

function formOf<E>({ type, spec }: ResolvedOperand<E>): ValueForm {
  return { type, style: spec?.print };
}

function getterOf<E>(operand: ResolvedOperand<E>): Getter<E> | undefined {
  const { reader, isUnprintable } = operand;
  if (reader === undefined || isUnprintable === true) return () => undefined;
  if (reader.kind === "one") return reader.get;
  return reader.kind === "any" ? reader.print : undefined;
}
