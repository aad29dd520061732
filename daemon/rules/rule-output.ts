// SPDX-License-Identifier: Apache-2.0
import { hasErrors, type Diagnostic } from "../text/diagnostic.ts";
import { joinTexts, textAt, wholeSource, type LocatedText } from "../text/located-text.ts";
import type { FieldValue } from "../model/alert.ts";
import type { AppendOutput, ExtraField } from "../model/rule-settings.ts";
import type { FieldCatalogue } from "../lang/field.ts";
import { appendedOutput, type AppendTarget } from "./append-output.ts";
import { compileTemplate, type FormattedOutput } from "./output-template.ts";
import { sourceNamed, type RuleSubject } from "./subject.ts";

/** The output of one rule, with all that is added to it. */
export interface RuleOutput<E> {
  /** The whole output text. */
  readonly text: string;
  readonly format: (event: E) => FormattedOutput;
  readonly diagnostics: readonly Diagnostic[];
}

/** Compiles a rule's output text and what `append_output` adds; faults of what is added are told at the output. */
export function compileRuleOutput<E>(
  output: LocatedText,
  rule: AppendTarget,
  context: { readonly catalogue: FieldCatalogue<E>; readonly append: readonly AppendOutput[] },
): RuleOutput<E> {
  const { catalogue } = context;
  const added = appendedOutput(context.append, rule);
  const place = output.spanOf(0, output.value.length);
  const whole = added.text === "" ? output : joinTexts([output, textAt(added.text, place)]);
  const { template, diagnostics } = compileTemplate(whole, catalogue);
  if (added.fields.length === 0) {
    return { text: whole.value, format: (event) => template.format(event), diagnostics };
  }
  const extra = added.fields.map((field) => {
    const compiled = compileTemplate(textAt(formatOf(field), place), catalogue);
    return { field, ...compiled };
  });
  return {
    text: whole.value,
    diagnostics: [...diagnostics, ...extra.flatMap((item) => item.diagnostics)],
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
