// SPDX-License-Identifier: Apache-2.0
import { fromByteString, type ByteString } from "../util/byte-string.ts";
import type { LangCode } from "./diagnostic-texts.ts";
import type { FieldCatalogue } from "./field.ts";
import { resolveOperand } from "./operand.ts";
import { parseOperandPrefix } from "./parse-operand.ts";
import { transformerNames } from "./syntax.ts";

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
  // Lists of many thousand words are looked at: fields have a point in their names, and calls end so.
  if (operator !== "regex" && !/[.)]/.test(value)) return [];
  const text = fromByteString(value);
  if (operator === "regex" && isPlainPattern(text)) {
    const message = `cannot see why this is a regex: "${text}" has no special character that startswith, endswith, contains or = would miss`;
    return [{ code: "plain-regex", message }];
  }
  // Upstream looks at the text without its blanks.
  const bare = text.replace(/[ \t\n\v\f\r]+/g, "");
  const what = isField(bare, catalogue) ? "name of field" : isCall(bare) ? "call" : undefined;
  if (what === undefined) return [];
  const hint = what === "call" ? `${bare} without quotes` : `val(${bare})`;
  const message = `the ${what} "${bare}" is taken as text: write ${hint} for its value`;
  return [{ code: "field-as-text", message }];
}

function isField<E>(text: string, catalogue: FieldCatalogue<E>): boolean {
  const parsed = parseOperandPrefix(text, 0);
  if (parsed?.end !== text.length || parsed.operand.kind !== "field") return false;
  return resolveOperand(parsed.operand, catalogue).ok;
}

/** Whatever stands between the parentheses. */
function isCall(text: string): boolean {
  return text.endsWith(")") && callNames.some((name) => text.startsWith(`${name}(`));
}

const callNames: readonly string[] = ["val", ...transformerNames];

/** True when nothing special is left without an anchor, or `.*`, `.+` or `.?`, at each end. */
function isPlainPattern(pattern: string): boolean {
  const inner = pattern.replace(/^(?:\^|\.[*+?])/, "").replace(/(?:\$|\.[*+?])$/, "");
  return !/[\\^$.|?*+()[\]{}]/.test(inner);
}
