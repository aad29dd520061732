// SPDX-License-Identifier: Apache-2.0
import type { Diagnostic } from "../text/diagnostic.ts";
import { joinTexts, textAt, type LocatedText } from "../text/located-text.ts";
import type { FieldValue } from "../model/alert.ts";
import type { FieldCatalogue } from "../lang/field.ts";
import {
  appendedOutput,
  type AppendOutput,
  type AppendTarget,
  type ExtraField,
} from "./append-output.ts";
import { compileTemplate, type FormattedOutput } from "./output-template.ts";

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

/** A raw field may be written without its `%`. */
function formatOf({ format, isRaw }: ExtraField): string {
  return isRaw && !format.includes("%") ? `%${format}` : format;
}
