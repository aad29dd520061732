// SPDX-License-Identifier: Apache-2.0
import { fromByteString, type ByteString } from "../util/byte-string.ts";
import type { LangCode } from "./diagnostic-texts.ts";
import type { FieldCatalogue } from "./field.ts";
import { parseOperandPrefix } from "./parse-operand.ts";

/** Why a value that is right may not be what was meant. */
export interface ValueDoubt {
  readonly code: LangCode;
  readonly message: string;
}

/** What is doubtful about a literal: it reads like a field or a transformer, or it is a pattern without a pattern. */
export function valueDoubts<E>(
  operator: string,
  value: ByteString,
  catalogue: FieldCatalogue<E>,
): readonly ValueDoubt[] {
  const text = fromByteString(value);
  if (operator === "regex" && isPlainPattern(text)) {
    const message = `cannot see why this is a regex: "${text}" has no special character that startswith, endswith, contains or = would miss`;
    return [{ code: "plain-regex", message }];
  }
  const parsed = parseOperandPrefix(text, 0);
  if (parsed?.end !== text.length) return [];
  const { operand } = parsed;
  if (operand.kind === "field" && catalogue.find(operand.name) === undefined) return [];
  const what = operand.kind === "field" ? "name of field" : "call";
  const hint = operand.kind === "field" ? `val(${text})` : `${text} without quotes`;
  const message = `the ${what} "${text}" is taken as text: write ${hint} for its value`;
  return [{ code: "field-as-text", message }];
}

/** True when nothing special is left without anchors and without `.*`, `.+` or `.?` at the ends. */
function isPlainPattern(pattern: string): boolean {
  const inner = pattern
    .replace(/^\^/, "")
    .replace(/\$$/, "")
    .replace(/^\.[*+?]/, "")
    .replace(/\.[*+?]$/, "");
  return !/[\\^$.|?*+()[\]{}]/.test(inner);
}
