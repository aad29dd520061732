// SPDX-License-Identifier: Apache-2.0
import { hasErrors, type Diagnostic } from "../text/diagnostic.ts";
import { wholeSource, type LocatedText } from "../text/located-text.ts";
import type { FieldValue } from "../model/alert.ts";
import type { AppendOutput, ExtraField } from "../model/rule-settings.ts";
import type { FieldCatalogue } from "../lang/field.ts";
import { addedText } from "./append-output.ts";
import { outputDoubts } from "./doubts.ts";
import { compileTemplate, type FormattedOutput } from "./output-template.ts";
import { sourceNamed, type RuleSubject } from "./subject.ts";

/** The output of one rule, with all that is added to it. */
export interface RuleOutput<E> {
  /** The whole output text. */
  readonly text: string;
  readonly format: (event: E) => FormattedOutput;
  readonly diagnostics: readonly Diagnostic[];
}

/** Compiles the whole output text of a rule, and the fields that alerts carry beside it. */
export function compileRuleOutput<E>(
  output: LocatedText,
  extraFields: readonly ExtraField[],
  catalogue: FieldCatalogue<E>,
): RuleOutput<E> {
  const compiled = compileTemplate(output, catalogue);
  const { template } = compiled;
  const diagnostics = [...compiled.diagnostics, ...outputDoubts(output)];
  if (extraFields.length === 0) {
    return { text: output.value, format: (event) => template.format(event), diagnostics };
  }
  const extra = extraFields.map((field) => {
    const text = addedText(formatOf(field));
    const { template: own, diagnostics: faults } = compileTemplate(text, catalogue);
    diagnostics.push(...faults, ...outputDoubts(text));
    return { field, template: own };
  });
  return {
    text: output.value,
    diagnostics,
    format(event) {
      const formatted = template.format(event);
      const fields: Record<string, FieldValue> = { ...formatted.fields };
      for (const { field, template: own } of extra) {
        const { output: text, fields: values } = own.format(event);
        fields[field.name] = field.isRaw ? (values[field.name] ?? null) : text;
      }
      return { output: formatted.output, fields };
    },
  };
}

/** What was added where it can be; the others are told, once each, and left out. */
export function checkAppendOutput<E>(
  entries: readonly AppendOutput[],
  subject: RuleSubject<E>,
): { readonly append: readonly AppendOutput[]; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const append = entries.filter((entry, index) => {
    const source = sourceNamed(subject, entry.match?.source);
    const texts = [entry.extraOutput ?? "", ...(entry.extraFields ?? []).map(formatOf)];
    const faults = texts.flatMap((text) => {
      if (source === undefined || text === "") return [];
      const written = wholeSource({ name: `<append_output ${index + 1}>`, text });
      return compileTemplate(written, source.catalogue).diagnostics;
    });
    diagnostics.push(...faults);
    return !hasErrors(faults);
  });
  return { append, diagnostics };
}

/** A raw field may be written without its `%`. */
function formatOf({ format, isRaw }: ExtraField): string {
  return isRaw && !format.includes("%") ? `%${format}` : format;
}
