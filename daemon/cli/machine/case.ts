// SPDX-License-Identifier: Apache-2.0
import { memberOf, textMember, toList } from "../../util/unknown-value.ts";
import type { DeclaredField } from "../../rules/fields/record.ts";
import { CaseFault } from "./run.ts";

/** A member that a case must have, as text. */
export function requiredText(input: unknown, name: string): string {
  const value = memberOf(input, name);
  if (typeof value !== "string") throw new CaseFault(`cannot read this case: "${name}" is no text`);
  return value;
}

/** A member that is an object; an empty one when it is not there. */
export function objectMember(input: unknown, name: string): Readonly<Record<string, unknown>> {
  const value = memberOf(input, name) ?? {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new CaseFault(`cannot read this case: "${name}" is no object`);
  }
  return Object.fromEntries(Object.entries(value));
}

/** Pairs of an object in their order, or of a list of `[name, value]`. */
export function pairsOf(input: unknown, name: string): readonly (readonly [string, unknown])[] {
  const value = memberOf(input, name) ?? {};
  if (!Array.isArray(value)) return Object.entries(objectMember(input, name));
  return value.flatMap((item: unknown) => {
    const [key, content] = toList(item);
    return typeof key === "string" ? [[key, content] as const] : [];
  });
}

/** `fields` of a case: what its events have beside the known fields. */
export function declaredFields(input: unknown): Readonly<Record<string, DeclaredField>> {
  const fields = Object.entries(objectMember(input, "fields")).map(([name, value]) => {
    const flag = (key: string): boolean => memberOf(value, key) === true;
    const type = textMember(value, "type") ?? "string";
    const flags = { list: flag("list"), arg: flag("arg"), arg_required: flag("arg_required") };
    return [name, { type, ...flags }] as const;
  });
  return Object.fromEntries(fields);
}
