// SPDX-License-Identifier: Apache-2.0

/** The member of that name, when `value` is an object that has it of its own; undefined otherwise. */
export function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}

/** The member of that name when it is text. */
export function textMember(value: unknown, name: string): string | undefined {
  const member = memberOf(value, name);
  return typeof member === "string" ? member : undefined;
}

/** The value when it is a list, and an empty list when it is not. */
export function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
